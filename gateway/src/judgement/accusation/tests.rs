//! Whom an accusation reaches, through the whole of routing on the shipped directory: never whom it accuses.

use std::sync::LazyLock;

use huiliu_schemas::decision::{Decision, Verdict};
use huiliu_schemas::private::Private;
use huiliu_schemas::vocabulary::Appeal;

use crate::directory::Directory;
use crate::directory::conditions::Circumstances;
use crate::directory::tests::shipped;
use crate::routing::{RoutingFacts, decide};

static DIRECTORY: LazyLock<Directory> = LazyLock::new(shipped);

fn case(matter: &str, text: &str) -> RoutingFacts {
    RoutingFacts {
        circumstances: Circumstances { appeal: Some(Appeal::Complaint), ..Circumstances::default() },
        matter: Some(matter.parse().expect("matter")),
        division: Some("330205006".parse().expect("division")),
        texts: vec![Private::new(text)],
        ..RoutingFacts::default()
    }
}

fn against(matter: &str, accused: &str) -> Decision {
    decide(&RoutingFacts { accused: vec![Private::new(accused)], ..case(matter, "") }, &DIRECTORY)
}

fn reaches(decision: &Decision, unit: &str) -> bool {
    match &decision.verdict {
        Verdict::Dispatch { assignees } => assignees.iter().any(|a| a.department.as_str() == unit),
        Verdict::Triage { .. } => false,
    }
}

fn candidates(decision: &Decision) -> Vec<&str> {
    match &decision.verdict {
        Verdict::Dispatch { .. } => Vec::new(),
        Verdict::Triage { candidates, .. } => candidates.iter().map(|c| c.as_str()).collect(),
    }
}

/// A calm letter with the matter it is about, who has it, and sentences that accuse them.
type Letter = (&'static str, &'static str, &'static str, [&'static str; 4]);

const LETTERS: &[Letter] = &[
    (
        "010302",
        "jb-enforcement",
        "我家住在天合家园二楼，一楼的住户上个月在院子里用彩钢板搭了一个棚，大约二十平方，紧贴着我家的窗台。\
         下雨天雨点打在棚顶上整夜响，夏天热气往上冒，窗户也不敢开。物业上门劝过一回，对方说是放电动车用的，过完年就收掉，\
         可是现在又砌了半截砖墙。我们楼上几户商量过，都愿意好好谈，只希望能按规定把棚拆掉，还大家一个通风的院子。",
        [
            "城管中队的队长收了老板的钱。",
            "举报人的名字是城管告诉他家的。",
            "城管来的那个人是他家亲戚，拍张照就走。",
            "来办案的城管队员每次都在他家喝酒。",
        ],
    ),
    (
        "130403",
        "jb-police",
        "上周六晚上十点多，我和两个朋友在洪塘路一家烧烤店吃饭，隔壁桌有四五个人喝多了，为了一张凳子跟我们吵起来，\
         其中一个拿啤酒瓶砸在我朋友头上，缝了七针。店里有监控，服务员也都看见了。朋友现在还在家里休养，请了半个月假，\
         医药费自己先垫了三千多。对方到现在没有来看过，也没有打过电话。希望能早点有个结果，该赔的赔，该道歉的道歉。",
        [
            "派出所把我的笔录拿给对方看了。",
            "办案民警是打人那家的表哥。",
            "派出所逼我们签了谅解书，不签不让走。",
            "听说对方给民警送了两箱酒。",
        ],
    ),
    (
        "110303",
        "jb-market",
        "本月三号我在小区门口的超市买了一箱牛奶，回家打开给孩子喝，味道不对，才发现生产日期被标签盖住了，撕开一看已经过期两个月。\
         孩子当天晚上拉肚子，去医院看了急诊，花了两百多块钱，病历和小票我都留着。第二天去找店里，店长说只能退一箱的钱，\
         别的不管。我觉得标签盖住日期不是偶然的，货架上还有好几箱也是这样。希望能查一查，按食品安全法处理。",
        [
            "市监所收了超市的购物卡。",
            "每次检查前市监所都先给店里打电话。",
            "市场监管所的人跟店老板一起开的店。",
            "我的电话号码是市监所给他们的。",
        ],
    ),
    (
        "150305",
        "jb-labour",
        "我们一共九个人，三月到六月在庄桥一个厂房工地做木工，说好每天三百二，按月结清。头一个月发了，后面三个月一分钱没有，\
         加起来十二万多。包工头开始说等甲方付款，后来说年底一起算，现在电话也不接了。考勤表是我们自己记的，每天有带班的签字，\
         微信里也有他答应付钱的话。家里老人要看病，孩子要交学费，大家都等着这笔钱用，请帮我们把工资要回来。",
        [
            "劳动监察的科长把我们的名单给了老板。",
            "劳动监察大队拿了老板的好处，让我们打对折。",
            "来调查的监察员中午跟老板一起吃的饭。",
            "劳动监察说要钱就别登记，登记了就慢慢等。",
        ],
    ),
    (
        "010203",
        "jb-zhuangqiao",
        "我们小区的健身器材是八年前装的，漫步机断了一根轴，单杠的螺丝也松了，上个月有个小朋友在上面玩摔下来，胳膊擦破一大块皮。\
         小区里老人多，早晚都要活动活动，楼下就这么一块场地。业主群里说过好几次，业委会说要等换届以后再定，物业说没有这笔钱。\
         我们几户人家联名写了这封信，一共四十二户签字，想请有关单位看看能不能换一批新的，或者先把坏的拆走。",
        [
            "街道把我们联名的名单给了物业。",
            "街道的主任收了物业的烟酒。",
            "街道城建办的人就是那家器材公司的股东。",
            "街道干部上门叫我们撤回签字，不然取消补助。",
        ],
    ),
    (
        "040203",
        "jb-ecology",
        "我家后面三十米就是一家五金厂，四台冲床从早上六点开到晚上十一点，一下一下像敲在床板上。我母亲有心脏病，\
         白天睡不着晚上也睡不着。厂里说他们办了手续，机器下面垫了橡胶，可是声音一点没小。我们用手机测过，窗口六十八分贝。\
         周围十几户人家都签了名，只要求晚上八点以后不要开工，或者装隔音墙。希望能来测一次，给我们一个说法。",
        [
            "环保局把签名的名单给了厂长。",
            "环保执法的人每个月到厂里拿一个信封。",
            "环保局来测的那天提前通知了厂里停机。",
            "生态环境局的股长在厂里有干股。",
        ],
    ),
];

/// One sentence among many accuses as much as alone.
#[test]
fn a_calm_letter_does_not_go_to_whom_one_of_its_sentences_accuses() {
    let (mut all, mut leaked) = (0, Vec::new());
    for (matter, unit, letter, closings) in LETTERS {
        assert!(reaches(&decide(&case(matter, letter), &DIRECTORY), unit), "the letter alone is theirs: {letter}");
        for closing in closings {
            all += 1;
            if reaches(&decide(&case(matter, &format!("{letter}{closing}")), &DIRECTORY), unit) {
                leaked.push(*closing);
            }
        }
    }
    println!("{} of {all} accusing sentences at the end of a calm letter reach the accused", leaked.len());
    assert!(leaked.len() * 6 <= all, "{} of {all} leaked:\n{}", leaked.len(), leaked.join("\n"));
}

/// Nobody can tell from two characters whether they blame: 民警收礼.
#[test]
fn who_does_something_in_very_few_words_does_not_have_the_case() {
    let units = [
        ("010302", "jb-enforcement", &["城管", "城管局", "综合执法队"][..]),
        ("130403", "jb-police", &["民警", "警察", "派出所", "公安局", "辅警", "刑警队"]),
        ("110303", "jb-market", &["市监所", "工商", "市场监管局"]),
        ("150305", "jb-labour", &["人社局", "劳动监察", "仲裁院"]),
        ("040203", "jb-ecology", &["环保局", "环保"]),
    ];
    let said = [
        "收钱", "要钱", "收礼", "打我", "打人", "护短", "吃请", "吃饭", "喝酒", "真黑", "入股", "拿卡", "泄密", "有鬼",
    ];
    let mut leaked = Vec::new();
    for (matter, unit, names) in units {
        for name in names {
            assert!(reaches(&decide(&case(matter, name), &DIRECTORY), unit), "of {name} nothing is said");
            let texts = said.iter().map(|said| format!("{name}{said}")).chain([format!("举报{name}")]);
            leaked.extend(texts.filter(|text| reaches(&decide(&case(matter, text), &DIRECTORY), unit)));
        }
    }
    assert!(leaked.is_empty(), "{leaked:?}");
}

/// A township's own office is the township, whatever it has to do with.
#[test]
fn an_office_of_the_township_in_the_field_is_the_township() {
    for office in [
        "物业管理办公室",
        "社区建设办公室",
        "社区管理科",
        "村镇建设办公室",
        "企业服务中心",
        "农贸市场管理所",
        "村镇建设管理服务中心",
        "物业管理办公室张某",
        "社区建设科李明",
    ] {
        let decision = against("010203", &format!("庄桥街道{office}"));
        assert!(!reaches(&decision, "jb-zhuangqiao"), "{office}: {:?}", decision.verdict);
    }
    for place in
        ["天合物业公司", "天合小区", "农贸市场", "科技企业", "站前路某超市", "天合家园物业服务中心", "某村诊所"]
    {
        assert!(reaches(&against("010203", &format!("庄桥街道{place}")), "jb-zhuangqiao"), "{place}");
    }
}

/// What ends like an office and is in no list is somebody's office: a person finds out whose.
#[test]
fn an_office_nobody_listed_is_held_for_a_person() {
    for (matter, unit, office) in [
        ("150305", "jb-labour", "区劳动人事争议仲裁院"),
        ("150305", "jb-labour", "庄桥街道劳动保障所"),
        ("0103", "jb-natural-resources", "自规局"),
        ("0103", "jb-natural-resources", "慈城国土资源所"),
        ("110303", "jb-market", "慈城市场监督管理所"),
        ("110303", "jb-market", "慈城所"),
        ("110303", "jb-market", "庄桥街道食品安全监督站"),
        ("110401", "jb-market", "特检院"),
        ("010204", "jb-housing", "区市政管理处"),
        ("010903", "jb-housing", "区建设工程质量安全监督站"),
        ("040203", "jb-ecology", "区环境监测站"),
        ("010601", "jb-expropriation", "拆迁工作组"),
        ("010206", "jb-enforcement", "区园林管理所"),
        ("150305", "jb-court", "慈城人民法庭"),
        ("110303", "jb-market", "李局"),
        ("110303", "jb-market", "市里来的联合检查专班"),
    ] {
        let decision = against(matter, office);
        assert!(!reaches(&decision, unit), "{office}: {:?}", decision.verdict);
        assert!(!matches!(decision.verdict, Verdict::Dispatch { .. }) || !decision.accused.is_empty(), "{office}");
    }
    for private in [
        "浙江某某律师事务所",
        "某某培训中心",
        "欧尚购物中心",
        "丽人美容院",
        "某某民办医院",
        "鑫达工程队",
        "中石化加油站",
        "张登科",
        "某某大学附属医院",
        "万达影院",
    ] {
        assert!(reaches(&against("110303", private), "jb-market"), "{private}");
    }
}

/// 执法队 and 监察大队 are of the unit named before them.
#[test]
fn a_team_is_of_the_unit_named_before_it() {
    for (matter, unit, text) in [
        ("040203", "jb-ecology", "生态环境执法队队长在厂里有干股，我们举报一次他通知一次。"),
        ("040203", "jb-ecology", "环境监察大队收了厂里的礼，测出来永远合格。"),
        ("110102", "jb-culture-tourism", "文广局的执法队收了网吧的钱，检查之前都打招呼。"),
        ("010401", "jb-agriculture", "渔政执法队跟电鱼的称兄道弟，扣了船又放掉。"),
        ("0103", "jb-natural-resources", "自规局监察大队收了老板的钱，违法占地不查。"),
        ("150305", "jb-labour", "仲裁院的人吃了老板的饭，裁决一边倒。"),
        ("110303", "jb-market", "市场监督管理所收了超市的卡，过期的不查。"),
        ("150305", "jb-labour", "监察大队收了老板的钱，工资的事不管。"),
        ("010302", "jb-enforcement", "执法队收了老板的钱，违建的事不管。"),
        ("010302", "jb-enforcement", "街道执法队收了老板的钱，违建的事不管。"),
    ] {
        let decision = decide(&case(matter, text), &DIRECTORY);
        let barred = |unit: &str| decision.excluded.iter().any(|e| e.department.as_str() == unit);
        assert!(barred(unit) && !candidates(&decision).contains(&unit), "{text}: {:?}", decision.verdict);
        let others = ["jb-enforcement", "jb-labour"].into_iter().filter(|other| *other != unit);
        others.for_each(|other| assert!(!barred(other), "{text}: {other} is barred"));
    }
}
