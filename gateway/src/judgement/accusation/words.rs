//! `accusations.csv`: the words by which a text is read for accusations. The list that ships with the binary knows no
//! directory; which unit a word such as 民警 means is looked up when a directory is read.

use super::super::vocabulary::{self, Listed};
use crate::directory::problem::Problem;
use crate::directory::table::{Column, Row, file_words, may, must};

/// The file.
pub const FILE: &str = "accusations.csv";
/// The list that ships with the binary.
pub(crate) const BUILT_IN: &str = include_str!("accusations.csv");

const COLUMNS: &[Column] = &[must("word", "词"), must("kind", "类"), may("means", "所指"), may("note", "备注")];

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
        /// What shows a name before it to be only where something is.
        Beside = "beside", "方位";
        /// What takes the force of a fault right after it.
        Not = "not", "否定";
        /// A fault anyone can be guilty of; it counts where someone in office is.
        Conduct = "conduct", "作风";
        /// A fault only those in office can be guilty of.
        Fault = "fault", "职务过错";
        /// The same, and only discipline can settle it.
        Grave = "grave", "违纪违法";
        /// Nothing; a longer word that holds one of the others.
        None = "none", "不计";
    }
}

impl Kind {
    /// Whether it is a fault.
    pub fn is_fault(self) -> bool {
        matches!(self, Self::Conduct | Self::Fault | Self::Grave)
    }

    /// Whether it names someone.
    pub fn is_party(self) -> bool {
        self <= Self::Private
    }

    /// What stands for whoever is named, so that a text reads alike whoever it names.
    pub fn mark(self) -> Option<char> {
        let mark = match self {
            Self::Unit => 'Ⓤ',
            Self::Township => 'Ⓣ',
            Self::Village => 'Ⓥ',
            Self::Official => 'Ⓞ',
            Self::Staff => 'Ⓢ',
            Self::Authority => 'Ⓐ',
            Self::You => 'Ⓨ',
            Self::Private => 'Ⓟ',
            _ => return None,
        };
        Some(mark)
    }
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Says {
    pub kind: Kind,
    /// Names of units, the first that the directory knows counts; `@police` and so on: the units of a kind. Of a word
    /// for officials: whose they may be where no unit is named right before.
    pub means: Vec<String>,
}

/// The lines in force.
pub(crate) fn read(own: Option<&str>, problems: &mut Vec<Problem>) -> Vec<Listed<Says>> {
    vocabulary::read(FILE, BUILT_IN, own, COLUMNS, problems, read_row)
}

fn read_row(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Says> {
    row.filled("word", problems)?;
    let kinds = Kind::WORDS.iter().map(|w| w.0).collect::<Vec<_>>().join(", ");
    let kind = row.read("kind", &format!("one of {kinds}"), problems, Kind::read)?;
    Some(Says { kind, means: row.list("means").into_iter().map(str::to_owned).collect() })
}
