//! Words by which an accusation is noticed in running text. Lists only; what follows from them is decided in
//! `accused`. They are read by officials, so each stands for something the law or the field calls by that name.

use std::sync::LazyLock;

use crate::directory::names::NameIndex;

/// How a text speaks of those in office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    /// It complains of conduct.
    Conduct,
    /// It accuses of misdeeds.
    Misdeed,
}

static TONES: LazyLock<NameIndex<Tone>> = LazyLock::new(|| {
    let mut tones = NameIndex::default();
    CONDUCT.iter().for_each(|word| tones.insert(word, Tone::Conduct));
    MISDEED.iter().for_each(|word| tones.insert(word, Tone::Misdeed));
    tones
});

/// The gravest tone of a text.
pub(super) fn tone_of(text: &str) -> Option<Tone> {
    TONES.scan(text).iter().flat_map(|m| m.values).max().copied()
}

/// Misdeeds of officials: whoever writes them accuses.
pub(super) const MISDEED: &[&str] = &[
    "贪污",
    "受贿",
    "索贿",
    "行贿",
    "贿赂",
    "以权谋私",
    "滥用职权",
    "徇私",
    "渎职",
    "玩忽职守",
    "打击报复",
    "吃拿卡要",
    "收红包",
    "收好处",
    "收受",
    "保护伞",
    "刑讯逼供",
    "买官卖官",
    "侵吞",
    "中饱私囊",
    "挪用公款",
    "官商勾结",
    "警匪勾结",
    "腐败",
    "权钱交易",
    "利益输送",
    "违纪",
];

/// Complaints of how a unit behaves.
pub(super) const CONDUCT: &[&str] = &[
    "不作为",
    "乱作为",
    "慢作为",
    "推诿",
    "踢皮球",
    "失职",
    "官僚主义",
    "态度恶劣",
    "态度差",
    "态度蛮横",
    "包庇",
    "袒护",
    "敷衍",
    "违法行政",
    "暴力执法",
    "选择性执法",
    "执法不公",
    "乱收费",
    "乱罚款",
    "拒不履行",
    "弄虚作假",
];

/// Words for persons in office, standing after a unit's or a village's name.
pub(super) const OFFICIAL: &[&str] = &[
    "书记",
    "主任",
    "局长",
    "科长",
    "处长",
    "所长",
    "队长",
    "镇长",
    "区长",
    "村长",
    "干部",
    "领导",
    "工作人员",
    "支书",
    "会计",
    "民警",
    "法官",
    "检察官",
];

/// Words that make someone in the accused field an official even if no unit is named.
pub(super) const OFFICIAL_FIELD: &[&str] = &[
    "书记",
    "局长",
    "科长",
    "处长",
    "镇长",
    "区长",
    "县长",
    "市长",
    "村长",
    "干部",
    "支书",
    "民警",
    "警察",
    "法官",
    "检察官",
    "公务员",
    "街道办",
    "镇政府",
    "政府",
    "派出所",
    "委员会主任",
    "执法人员",
    "执法队",
];

/// Words that show a township's name before them to be only where someone is: 庄桥街道某饭店.
pub(super) const PREMISES: &[&str] = &[
    "公司", "店", "厂", "小区", "社区", "村", "路", "馆", "物业", "超市", "市场", "工地", "号", "幢", "户", "企业",
    "学校",
];

/// The township, unnamed.
pub(super) const TOWNSHIP_OFFICE: &[&str] =
    &["街道办", "镇政府", "街道干部", "镇干部", "街道领导", "镇领导", "街道工作人员"];

/// Words after which a supervising organ is asked, not accused.
pub(super) const ADDRESSED: &[&str] = &["请", "请求", "恳请", "希望", "敬请", "建议", "由", "望"];

pub(super) fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}
