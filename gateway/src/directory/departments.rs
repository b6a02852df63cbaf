//! `departments.csv`: who can be given a case, under whom each stands, and by which names people speak of it.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::DepartmentId;
use huiliu_schemas::places::DivisionCode;

use super::names::NameIndex;
use super::problem::Problem;
use super::table::{Column, Row, file_words, may, must, rows};

/// The file.
pub const FILE: &str = "departments.csv";
const COLUMNS: &[Column] = &[
    must("code", "代码"),
    must("name", "名称"),
    may("aliases", "简称"),
    must("kind", "类型"),
    may("superior", "上级单位"),
    may("division", "属地"),
    may("reach", "接入方式"),
    may("successor", "承接单位"),
    may("active", "在用"),
    may("note", "备注"),
];

file_words! {
    /// What sort of unit a department is.
    Kind {
        /// 区委 and its offices.
        Party = "party", "党委";
        /// 区政府.
        Government = "government", "政府";
        /// 职能部门.
        Bureau = "bureau", "职能部门";
        /// 街道、镇.
        Township = "township", "街道（镇）";
        /// 镇街社会治理中心.
        TownshipCentre = "township-centre", "镇街社会治理中心";
        /// 行业性专业性人民调解委员会.
        MediationCommittee = "mediation-committee", "行业性专业性调委会";
        /// 法院.
        Court = "court", "法院";
        /// 检察院.
        Procuratorate = "procuratorate", "检察院";
        /// 纪委监委.
        Discipline = "discipline", "纪检监察";
        /// 公安.
        Police = "police", "公安";
        /// 信访局、县级社会治理中心.
        Petition = "petition", "信访";
        /// 群团组织.
        MassOrganisation = "mass-organisation", "群团";
        /// 公共服务企业.
        Enterprise = "enterprise", "企业";
    }
}

impl Kind {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|w| w.2 == self).map_or("", |w| w.0)
    }

    /// Whether it gets only what is on its territorial list.
    pub fn is_township(self) -> bool {
        matches!(self, Self::Township | Self::TownshipCentre)
    }
}

/// How a department gets its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// It pulls over NATS.
    Nats,
    /// It pulls over HTTP.
    Http,
    /// It is called.
    Webhook,
    /// It uses the web page.
    Web,
}

impl Reach {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "nats" => Self::Nats,
            "http" => Self::Http,
            "webhook" => Self::Webhook,
            "web" => Self::Web,
            _ => return None,
        })
    }
}

/// 承办单位.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Its code.
    pub id: DepartmentId,
    /// Its full name.
    pub name: String,
    /// Other names people use for it.
    pub aliases: Vec<String>,
    /// What it is.
    pub kind: Kind,
    /// Under whom it stands.
    pub superior: Option<DepartmentId>,
    /// Where it is responsible.
    pub division: Option<DivisionCode>,
    /// How it can be reached; empty: not at all.
    pub reach: Vec<Reach>,
    /// Who took its powers, if it was merged or dissolved.
    pub successor: Option<DepartmentId>,
    /// Whether it still exists.
    pub active: bool,
    /// Line in the file.
    pub line: u32,
}

/// Every department.
#[derive(Debug, Clone, Default)]
pub struct Departments {
    by_id: BTreeMap<DepartmentId, Department>,
    names: NameIndex<DepartmentId>,
    above: BTreeMap<DepartmentId, BTreeSet<DepartmentId>>,
    below: BTreeMap<DepartmentId, BTreeSet<DepartmentId>>,
    townships: BTreeMap<(DivisionCode, Kind), DepartmentId>,
}

/// Why an accusation of one department concerns another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concern {
    /// It is the one.
    Itself,
    /// It took the powers of the one.
    Heir,
    /// It stands under this one.
    Under(DepartmentId),
}

impl Departments {
    pub(crate) fn read(text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut all = Self::default();
        for row in rows(FILE, text, COLUMNS, problems) {
            let Some(department) = read_department(&row, problems) else { continue };
            match all.by_id.get(&department.id) {
                Some(first) => {
                    problems.push(row.problem("code", format!("a code used once (see line {})", first.line)));
                }
                None => all.add(department),
            }
        }
        all.above = all.by_id.keys().map(|id| (id.clone(), all.reached_from(id))).collect();
        for (id, above) in &all.above {
            for up in above {
                all.below.entry(up.clone()).or_default().insert(id.clone());
            }
        }
        all
    }

    fn add(&mut self, department: Department) {
        let names = std::iter::once(&department.name).chain(&department.aliases);
        names.for_each(|name| self.names.insert(name, department.id.clone()));
        self.index_township(&department);
        self.by_id.insert(department.id.clone(), department);
    }

    /// The township of a place is the active one; of two the one with the smaller code, whatever the order.
    fn index_township(&mut self, department: &Department) {
        let Some(division) = department.division.clone().filter(|_| department.kind.is_township()) else { return };
        let held = self.townships.get(&(division.clone(), department.kind)).and_then(|id| self.by_id.get(id));
        let better = held.is_none_or(|h| (!department.active, &department.id) < (!h.active, &h.id));
        if better {
            self.townships.insert((division, department.kind), department.id.clone());
        }
    }

    /// Every department, by code.
    pub fn iter(&self) -> impl Iterator<Item = &Department> {
        self.by_id.values()
    }

    /// The department of a code.
    pub fn get(&self, id: &DepartmentId) -> Option<&Department> {
        self.by_id.get(id)
    }

    /// The department of a code given as text.
    pub(crate) fn get_text(&self, id: &str) -> Option<&Department> {
        self.get(&id.parse().ok()?)
    }

    /// The one department of a name or alias.
    pub fn find(&self, name: &str) -> Option<&Department> {
        match self.names.get(name.trim()) {
            [one] => self.get(one),
            _ => None,
        }
    }

    pub(crate) fn names(&self) -> &NameIndex<DepartmentId> {
        &self.names
    }

    /// The organs in office to which accusations go: a county's own that stands under no other of a county. A township's, or one
    /// above the county, comes only where there is none.
    pub fn discipline(&self) -> Vec<&Department> {
        let of_kind = |d: &Department| d.kind == Kind::Discipline && d.active;
        let of_county = |d: &Department| d.division.as_ref().is_some_and(|code| code.as_str().len() == 6);
        let above = |d: &Department| self.above.get(&d.id).into_iter().flatten().filter_map(|up| self.get(up));
        let under = |d: &Department| above(d).any(|up| of_kind(up) && (of_county(up) || !of_county(d)));
        let rank = |d: &Department| (!of_county(d), under(d));
        let all: Vec<_> = self.iter().filter(|d| of_kind(d) && !d.reach.is_empty()).collect();
        let best = all.iter().map(|d| rank(d)).min();
        all.into_iter().filter(|d| Some(rank(d)) == best).collect()
    }

    /// The township (or its centre) of a place.
    pub fn of_township(&self, place: &DivisionCode, kind: Kind) -> Option<&Department> {
        self.townships.get(&(place.township()?, kind)).and_then(|id| self.get(id))
    }

    /// The department that has the powers of `id` today: itself, or whoever took them.
    pub fn in_office(&self, id: &DepartmentId) -> Option<&Department> {
        let mut department = self.get(id)?;
        for _ in 0..self.by_id.len() {
            if department.active {
                return Some(department);
            }
            department = self.get(department.successor.as_ref()?)?;
        }
        None
    }

    /// Everyone under a department, over superiors and over whoever took a dissolved one's powers.
    pub fn under(&self, id: &DepartmentId) -> impl Iterator<Item = &DepartmentId> {
        self.below.get(id).into_iter().flatten()
    }

    /// Whom it concerns if this one is accused: itself, whoever took its powers, and everyone under both.
    pub fn concerned<'a>(&'a self, id: &'a DepartmentId) -> impl Iterator<Item = (&'a DepartmentId, Concern)> {
        let heir = self.in_office(id).map(|d| &d.id).filter(|heir| *heir != id);
        let above = std::iter::once(id).chain(heir);
        let under = above.flat_map(|above| self.under(above).map(move |d| (d, Concern::Under(above.clone()))));
        std::iter::once((id, Concern::Itself)).chain(heir.map(|heir| (heir, Concern::Heir))).chain(under)
    }

    /// Whether a department stands above itself.
    pub(crate) fn is_circular(&self, id: &DepartmentId) -> bool {
        self.above.get(id).is_some_and(|above| above.contains(id))
    }

    fn reached_from(&self, id: &DepartmentId) -> BTreeSet<DepartmentId> {
        let mut reached = BTreeSet::new();
        let mut next = vec![id.clone()];
        while let Some(at) = next.pop() {
            let Some(department) = self.get(&at) else { continue };
            let taken = department.successor.iter().filter(|_| !department.active);
            for up in department.superior.iter().chain(taken) {
                if reached.insert(up.clone()) {
                    next.push(up.clone());
                }
            }
        }
        reached
    }
}

fn read_department(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Department> {
    let code = "1 to 64 of a-z, 0-9 and `-`";
    let id = row.parse("code", code, problems);
    let name = row.filled("name", problems);
    let kinds = Kind::WORDS.iter().map(|w| w.0).collect::<Vec<_>>().join(", ");
    let kind = row.read("kind", &format!("one of {kinds}"), problems, Kind::read);
    let superior = row.optional("superior", code, problems);
    let division = row.optional("division", "a division code, or nothing", problems);
    let reach = row.read("reach", "nats, http, webhook, web (several with `;`), or nothing", problems, |_| {
        row.list("reach").into_iter().map(Reach::read).collect::<Option<Vec<_>>>()
    });
    let successor = row.optional("successor", code, problems);
    let active = row.read("active", "yes or no (是/否)", problems, read_yes_no);
    Some(Department {
        id: id?,
        name: name?,
        aliases: row.list("aliases").into_iter().map(str::to_owned).collect(),
        kind: kind?,
        superior: superior?,
        division: division?,
        reach: reach?,
        successor: successor?,
        active: active?,
        line: row.line,
    })
}

fn read_yes_no(text: &str) -> Option<bool> {
    match text {
        "" | "yes" | "是" => Some(true),
        "no" | "否" => Some(false),
        _ => None,
    }
}
