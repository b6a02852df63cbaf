//! `accusations.csv`: the words by which a text is read for accusations. The list that ships with the binary knows no
//! directory; which unit a word such as 民警 means is looked up when a directory is read.

use super::super::vocabulary::{self, Listed};
use crate::directory::problem::Problem;
use crate::directory::table::{Column, Row, file_words, may, must};

/// The file.
pub const FILE: &str = "accusations.csv";
/// The list that ships with the binary.
pub(crate) const BUILT_IN: &str = include_str!("accusations.csv");

const COLUMNS: &[Column] =
    &[must("word", "词"), must("kind", "类"), may("weight", "分量"), may("means", "所指"), may("note", "备注")];

file_words! {
    /// What a word does in a sentence.
    Kind {
        /// A unit of the directory by another name; `means` says which.
        Unit = "unit", "单位";
        /// The township of the place, unnamed.
        Township = "township", "街道（镇）";
        /// The village or community and those in office there.
        Village = "village", "村（社区）";
        /// Someone in office in a unit named before.
        Official = "official", "公职人员";
        /// Someone in office, if a unit was named before and nobody private since.
        Staff = "staff", "工作人员";
        /// The State, unnamed.
        Authority = "authority", "泛指部门";
        /// Whoever is written to.
        You = "you", "受件单位";
        /// A private party.
        Private = "private", "民间主体";
        /// The citizen.
        Own = "own", "本人";
        /// What comes before whoever is asked to act.
        Ask = "ask", "请求";
        /// What comes before whoever was told.
        To = "to", "反映对象";
        /// What comes before whoever did it.
        By = "by", "被动";
        /// What comes before whoever is reported.
        Report = "report", "举报";
        /// What comes before whoever is to be held to account.
        Probe = "probe", "追究";
        /// What shows a name before it to be only where something is.
        Beside = "beside", "方位";
        /// What takes the force of a fault right after it.
        Not = "not", "否定";
        /// What makes of a fault in its clause something feared or supposed.
        Guard = "guard", "假设";
        /// A fault only those in office can be guilty of.
        Office = "office", "职务过错";
        /// A fault anyone can be guilty of; of those in office it is a crime or a breach of discipline.
        Crime = "crime", "违法违纪";
        /// A fault of conduct.
        Conduct = "conduct", "作风";
        /// Nothing was done.
        Inaction = "inaction", "不作为";
        /// What was said in confidence became known.
        Leak = "leak", "泄密";
        /// Common cause with someone private.
        Collusion = "collusion", "勾连";
        /// What whoever is asked for it must have done wrong before.
        Demand = "demand", "追责要求";
        /// What is said of a unit without blame: it came, it answered, it decided.
        Innocent = "innocent", "中性行为";
        /// What is seldom said of a unit without blame.
        Cue = "cue", "贬义提示";
        /// Thanks; what is said in the same sentence is no blame.
        Thanks = "thanks", "致谢";
        /// Nothing; a longer word that holds one of the others.
        None = "none", "不计";
    }
}

impl Kind {
    /// Whether it is a fault.
    pub fn is_fault(self) -> bool {
        self >= Self::Office && self < Self::Innocent
    }

    /// The weight of a line that gives none.
    fn usual_weight(self) -> u8 {
        match self {
            Self::Office | Self::Crime | Self::Collusion => 3,
            Self::Report | Self::Probe | Self::Conduct | Self::Inaction | Self::Leak | Self::Demand => 2,
            Self::Innocent | Self::Cue => 2,
            _ => 0,
        }
    }
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Says {
    pub kind: Kind,
    /// 1: a hint, 2: enough, 3: what only discipline can settle.
    pub weight: u8,
    /// Names of units, the first that the directory knows counts; `@police` and so on: the units of a kind.
    pub means: Vec<String>,
}

impl Says {
    /// Whether it says that a unit said something: `@speech`.
    pub fn is_speech(&self) -> bool {
        self.kind == Kind::Innocent && self.means.iter().any(|m| m == "@speech")
    }
}

/// The lines in force.
pub(crate) fn read(own: Option<&str>, problems: &mut Vec<Problem>) -> Vec<Listed<Says>> {
    vocabulary::read(FILE, BUILT_IN, own, COLUMNS, problems, read_row)
}

fn read_row(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Says> {
    row.filled("word", problems)?;
    let kinds = Kind::WORDS.iter().map(|w| w.0).collect::<Vec<_>>().join(", ");
    let kind = row.read("kind", &format!("one of {kinds}"), problems, Kind::read)?;
    let weight = row.read("weight", "1, 2, 3, or nothing", problems, |text| match text {
        "" => Some(kind.usual_weight()),
        "1" | "2" | "3" => text.parse().ok(),
        _ => None,
    })?;
    Some(Says { kind, weight, means: row.list("means").into_iter().map(str::to_owned).collect() })
}
