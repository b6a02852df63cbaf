//! What is said of one operation: who may ask, with what, and everything that may be answered.

use std::borrow::Cow;

use axum::routing::MethodFilter;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use crate::problem::Kind;

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Looks.
    Get,
    /// Does.
    Post,
}

impl Method {
    /// As the document has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }

    pub(super) fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
        }
    }
}

/// What opens the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// An upstream system's Bearer key.
    Channel,
    /// A department's.
    Department,
    /// A person's at the centre.
    Operator,
    /// A program's of the centre.
    Machine,
    /// A signature over the raw bytes, with a secret of the channel.
    Signature,
}

/// The centre: people and programs.
pub const CENTRE: &[Key] = &[Key::Operator, Key::Machine];
/// The departments.
pub const DEPARTMENT: &[Key] = &[Key::Department];
/// The upstream systems.
pub const CHANNEL: &[Key] = &[Key::Channel, Key::Signature];
/// Whoever has a Bearer key; what it opens is decided by case.
pub const EVERYONE: &[Key] = &[Key::Department, Key::Channel, Key::Operator, Key::Machine];
/// No key is needed.
pub const NOBODY: &[Key] = &[];

/// Under which heading it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Handing in.
    Push,
    /// A department's queue.
    Queue,
    /// Cases.
    Cases,
    /// Doing something to a case.
    Commands,
    /// Looking after the hub.
    Centre,
    /// Health, figures, pages.
    Site,
}

/// How something looks.
pub enum Shape {
    /// As this type.
    Of(fn(&mut SchemaGenerator) -> Schema),
    /// As this schema says.
    Is(Value),
}

impl Shape {
    fn of<T: JsonSchema>() -> Self {
        Self::Of(|shapes| shapes.subschema_for::<T>())
    }
}

/// What is sent.
pub struct Body {
    /// Of which media type.
    pub media: &'static str,
    /// How it looks.
    pub shape: Shape,
    /// What it might be, as JSON; a form as its text.
    pub example: Cow<'static, str>,
}

/// What is answered when all goes well.
pub struct Answer {
    /// With which status.
    pub status: u16,
    /// What it says.
    pub description: &'static str,
    /// Media type, shape and example; none where there is nothing to say.
    pub content: Option<Body>,
}

/// One operation.
pub struct Operation {
    pub(super) method: Method,
    pub(super) path: Cow<'static, str>,
    pub(super) id: Cow<'static, str>,
    pub(super) tag: Tag,
    pub(super) zh: Cow<'static, str>,
    pub(super) en: Cow<'static, str>,
    pub(super) more: &'static str,
    pub(super) keys: &'static [Key],
    pub(super) query: Option<fn(&mut SchemaGenerator) -> Schema>,
    pub(super) headers: Vec<&'static str>,
    pub(super) bodies: Vec<Body>,
    pub(super) answers: Vec<Answer>,
    pub(super) fails: Vec<Kind>,
    pub(super) limited: bool,
    pub(super) tagged: bool,
    pub(super) empty_body: bool,
}

impl Operation {
    /// An operation that looks: where, its name, and what it does in Chinese and English.
    pub fn get(path: &'static str, id: &'static str, tag: Tag, zh: &'static str, en: &'static str) -> Self {
        Self::new(Method::Get, path, id, tag, zh, en)
    }

    /// An operation that does something.
    pub fn post(path: &'static str, id: &'static str, tag: Tag, zh: &'static str, en: &'static str) -> Self {
        Self::new(Method::Post, path, id, tag, zh, en)
    }

    /// Any operation.
    pub fn new(
        method: Method,
        path: impl Into<Cow<'static, str>>,
        id: impl Into<Cow<'static, str>>,
        tag: Tag,
        zh: impl Into<Cow<'static, str>>,
        en: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            method,
            path: path.into(),
            id: id.into(),
            tag,
            zh: zh.into(),
            en: en.into(),
            more: "",
            keys: NOBODY,
            query: None,
            headers: Vec::new(),
            bodies: Vec::new(),
            answers: Vec::new(),
            fails: Vec::new(),
            limited: false,
            tagged: false,
            empty_body: false,
        }
    }

    /// More about it, English.
    #[must_use]
    pub fn more(mut self, text: &'static str) -> Self {
        self.more = text;
        self
    }

    /// Who may. Whoever shows no key, or one that does not reach it, is refused.
    #[must_use]
    pub fn by(mut self, keys: &'static [Key]) -> Self {
        self.keys = keys;
        self.fails(&[Kind::Unauthenticated, Kind::Forbidden])
    }

    /// What may stand behind the question mark: the fields of `T`. Another parameter is refused, and so is a value that
    /// one may not have.
    #[must_use]
    pub fn asks<T: JsonSchema>(mut self) -> Self {
        self.query = Some(|shapes| shapes.subschema_for::<T>());
        self.fails(&[Kind::BadRequest, Kind::InvalidField])
    }

    /// A header it heeds, by its name among the components.
    #[must_use]
    pub fn heeds(mut self, header: &'static str) -> Self {
        self.headers.push(header);
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn takes<T: JsonSchema>(self, example: &'static str) -> Self {
        self.takes_as("application/json", Shape::of::<T>(), example)
    }

    /// A body of another kind, or one of several.
    #[must_use]
    pub fn takes_as(mut self, media: &'static str, shape: Shape, example: impl Into<Cow<'static, str>>) -> Self {
        self.bodies.push(Body { media, shape, example: example.into() });
        self.fails(&[Kind::BadRequest, Kind::TooLarge])
    }

    /// The body may be left out.
    #[must_use]
    pub fn may_be_empty(mut self) -> Self {
        self.empty_body = true;
        self
    }

    /// A JSON answer.
    #[must_use]
    pub fn answers<T: JsonSchema>(self, status: u16, description: &'static str, example: &'static str) -> Self {
        self.answers_as(status, description, "application/json", Shape::of::<T>(), example)
    }

    /// An answer of another kind.
    #[must_use]
    pub fn answers_as(
        mut self,
        status: u16,
        description: &'static str,
        media: &'static str,
        shape: Shape,
        example: &'static str,
    ) -> Self {
        let content = Some(Body { media, shape, example: example.into() });
        self.answers.push(Answer { status, description, content });
        self
    }

    /// An answer with nothing in it.
    #[must_use]
    pub fn answers_nothing(mut self, status: u16, description: &'static str) -> Self {
        self.answers.push(Answer { status, description, content: None });
        self
    }

    /// What else may be wrong.
    #[must_use]
    pub fn fails(mut self, kinds: &[Kind]) -> Self {
        for kind in kinds {
            if !self.fails.contains(kind) {
                self.fails.push(*kind);
            }
        }
        self
    }

    /// It counts against a limit, the channel's or that of who asks, and says how far that is used up.
    #[must_use]
    pub fn limited(mut self) -> Self {
        self.limited = true;
        self.fails(&[Kind::TooMany])
    }

    /// Its answer has an `ETag`, and is not sent again to who has it.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.tagged = true;
        self.heeds("IfNoneMatch")
            .answers_nothing(304, "与 `If-None-Match` 所指相同 · What `If-None-Match` names is what would be sent")
    }
}
