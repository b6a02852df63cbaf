//! The model as a file (`matter.model` in the directory's folder). It holds hashes and numbers, never text.
//!
//! | part | what |
//! |---|---|
//! | 8 bytes | `HLMATTER` |
//! | u32 | format, 2 |
//! | u32 | length of the head |
//! | head | JSON: classes, what it was learned from |
//! | 39 × f64 | certainty: middle and spread of what is known, two rows of weights, floor |
//! | f32 | threshold |
//! | u32 | features `n` |
//! | n × u64 | hashes, rising |
//! | n × f32 | rarity |
//! | n × 2k × i16 | weights, row by row: `k` classes by the judge, then by its echo |
//! | 2k × f32, 2k × f32 | scales, biases |
//! | 32 bytes | SHA-256 of all before |
//!
//! All numbers little-endian. A file that ends early, goes on too long or was changed is refused.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::certainty::{Certainty, NUMBERS};
use super::lexicon::CLASSES;
use crate::judgement::learning::linear::Linear;

/// The file.
pub const FILE: &str = "matter.model";
/// No model is larger.
pub const MOST_BYTES: usize = 20 * 1024 * 1024;
const MAGIC: &[u8; 8] = b"HLMATTER";
const FORMAT: u32 = 2;

/// A trained model.
#[derive(Debug, Clone)]
pub struct Model {
    /// First-level classes it was taught, from 0, rising; the columns of `linear`.
    pub(super) classes: Vec<usize>,
    pub(super) linear: Linear,
    pub(super) certainty: Certainty,
    /// The confidence from which on it decides.
    pub(super) threshold: f32,
    /// What it was learned from.
    pub about: About,
    version: String,
}

/// What a model was learned from, and how it did on texts it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// How many texts.
    pub texts: usize,
    /// The precision wanted.
    pub precision: f32,
    /// The seed.
    pub seed: u64,
    /// Share right in inner cross-validation.
    pub accuracy: f32,
    /// Share decided without a person in inner cross-validation.
    pub automatic: f32,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    classes: Vec<usize>,
    about: About,
}

/// Why a file is no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is something else.
    #[error("met {0:?}, expected a file that begins with HLMATTER (made by `huiliu classify train`)")]
    NotAModel(String),
    /// It is of another version of this program.
    #[error("met format {0}, expected format {FORMAT}: train it again with this version")]
    Format(u32),
    /// It is too large.
    #[error("met {0} bytes, expected at most {MOST_BYTES}")]
    TooLarge(usize),
    /// It ends too early, is too long or was changed.
    #[error("met {0}, expected a whole, unchanged file: copy or train it again")]
    Damaged(&'static str),
    /// The head cannot be read.
    #[error("head: {0}")]
    Head(String),
}

impl Model {
    pub(super) fn new(classes: Vec<usize>, linear: Linear, certainty: Certainty, threshold: f32, about: About) -> Self {
        let mut model = Self { classes, linear, certainty, threshold, about, version: String::new() };
        model.version = version_of(&model.bytes());
        model
    }

    /// The content address, 12 hex digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many features it knows.
    pub fn features(&self) -> usize {
        self.linear.hashes.len()
    }

    /// First-level classes it was taught, as codes.
    pub fn taught(&self) -> impl Iterator<Item = huiliu_schemas::places::MatterCode> {
        self.classes.iter().filter_map(|class| super::lexicon::class_code(*class))
    }

    /// The confidence from which on it decides.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// The file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let head = Head { classes: self.classes.clone(), about: self.about.clone() };
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let mut out = Vec::with_capacity(self.linear.hashes.len() * (12 + 4 * self.classes.len()) + head.len() + 256);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&length(head.len()).to_le_bytes());
        out.extend_from_slice(&head);
        self.certainty.numbers().iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
        out.extend_from_slice(&self.threshold.to_le_bytes());
        out.extend_from_slice(&length(self.linear.hashes.len()).to_le_bytes());
        self.linear.hashes.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
        self.linear.rarity.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
        self.linear.weights.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
        self.linear.scales.iter().chain(&self.linear.biases).for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
        let digest = Sha256::digest(&out);
        out.extend_from_slice(&digest);
        out
    }

    /// Reads a file's bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, Broken> {
        if bytes.len() > MOST_BYTES {
            return Err(Broken::TooLarge(bytes.len()));
        }
        let mut rest = Rest(bytes);
        let start = rest.0.get(..8).unwrap_or(rest.0);
        if start != MAGIC {
            return Err(Broken::NotAModel(String::from_utf8_lossy(start).into_owned()));
        }
        rest.take(8)?;
        let format = rest.number()?;
        if format != FORMAT {
            return Err(Broken::Format(format));
        }
        let body = bytes.len().checked_sub(32).ok_or(Broken::Damaged("too few bytes"))?;
        if Sha256::digest(&bytes[..body]).as_slice() != &bytes[body..] {
            return Err(Broken::Damaged("another checksum"));
        }
        let model = Self::read_body(&mut rest)?;
        if rest.0.len() != 32 { Err(Broken::Damaged("more bytes than announced")) } else { Ok(model.named(bytes)) }
    }

    fn read_body(rest: &mut Rest<'_>) -> Result<Self, Broken> {
        let head = rest.number()? as usize;
        let head: Head = serde_json::from_slice(rest.take(head)?).map_err(|e| Broken::Head(e.to_string()))?;
        let certainty = Certainty::from_numbers(&rest.many(NUMBERS, f64::from_le_bytes)?);
        let certainty = certainty.ok_or(Broken::Damaged("numbers that contradict each other"))?;
        let threshold = rest.many(1, f32::from_le_bytes)?.first().copied().unwrap_or(1.0);
        let (features, classes) = (rest.number()? as usize, head.classes.len());
        let columns = 2 * classes;
        let hashes: Vec<u64> = rest.many(features, u64::from_le_bytes)?;
        let rarity = rest.many(features, f32::from_le_bytes)?;
        let weights = rest.many(features.saturating_mul(columns), i16::from_le_bytes)?;
        let (scales, biases) = (rest.many(columns, f32::from_le_bytes)?, rest.many(columns, f32::from_le_bytes)?);
        let sound = hashes.is_sorted_by(|a, b| a < b)
            && head.classes.is_sorted_by(|a, b| a < b)
            && classes >= 2
            && head.classes.iter().all(|c| *c < CLASSES)
            && rarity.iter().chain(&scales).chain(&biases).all(|v| v.is_finite());
        if !sound {
            return Err(Broken::Damaged("numbers that contradict each other"));
        }
        let linear = Linear::new(hashes, rarity, weights, scales, biases);
        let Head { classes, about } = head;
        Ok(Self { classes, linear, certainty, threshold, about, version: String::new() })
    }

    fn named(self, bytes: &[u8]) -> Self {
        Self { version: version_of(bytes), ..self }
    }
}

fn version_of(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes)[..6])
}

fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Broken::Damaged("too few bytes"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, Broken> {
        Ok(self.many(1, u32::from_le_bytes)?.first().copied().unwrap_or_default())
    }

    fn many<T, const N: usize>(&mut self, count: usize, from: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Broken> {
        let bytes = self.take(count.saturating_mul(N))?;
        Ok(bytes.as_chunks::<N>().0.iter().map(|chunk| from(*chunk)).collect())
    }
}
