#![doc = include_str!("../README.md")]

pub mod content;
pub mod decision;
pub mod ids;
pub mod places;
pub mod private;
pub mod submission;
pub mod vocabulary;

pub use ids::{CaseId, CaseNumber, Cause, Channel, CommandId, DepartmentId, Namespace, SourceId};
