#![doc = include_str!("../README.md")]

pub mod alias;
pub mod case;
pub mod clock;
pub mod command;
pub mod content;
pub mod decision;
pub mod entry;
pub mod event;
pub mod export;
pub mod finding;
pub mod ids;
pub mod keyring;
pub mod lifecycle;
pub mod message;
pub mod places;
pub mod private;
pub mod problem;
pub mod receipt;
pub mod refusal;
pub mod subjects;
pub mod submission;
pub mod vocabulary;

pub use ids::{CaseId, CaseNumber, Cause, Channel, CommandId, DepartmentId, Namespace, SourceId};
