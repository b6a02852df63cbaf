//! Whoever asked for a backup writes it down here: the frames of the hub into files, the keys apart, the manifests last.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use uuid::Uuid;

use super::frames::{Decoder, Frame, FrameError, Opening, Said};
use super::is_kept_apart;
use super::manifest::{FORMAT, FileSum, KeysManifest, Manifest, StreamCopy};
use super::set::{BACKUP_PREFIX, KEYS_PREFIX};
use super::streams;
use super::write::{Staging, SummedFile};
use crate::engine::snapshot::Head;

/// Where it is written, and what is read from this machine's disk.
pub struct Places<'a> {
    /// For backups.
    pub backups: &'a Path,
    /// For keys.
    pub keys: &'a Path,
    /// The hub's master key.
    pub master_key_file: &'a Path,
    /// The hub's credentials.
    pub credentials_file: &'a Path,
}

/// A backup that is written.
pub struct Written {
    /// Its directory.
    pub directory: PathBuf,
    /// That of its keys.
    pub keys: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
    /// What is in that.
    pub keys_manifest: KeysManifest,
}

/// A backup being written. Dropped before its end it leaves nothing.
pub struct Receiving {
    id: Uuid,
    begun_at: Timestamp,
    backup: Staging,
    keys: Staging,
    backup_name: String,
    master_key: FileSum,
    credentials: Option<FileSum>,
    decoder: Decoder,
    opening: Option<Opening>,
    now: Option<(String, Head, SummedFile)>,
    copies: Vec<StreamCopy>,
    whole: bool,
}

impl Receiving {
    /// Makes the directories and takes the keys of this machine along.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn begin(places: &Places<'_>) -> anyhow::Result<Self> {
        let begun_at = Timestamp::now();
        let time = begun_at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let backup_name = format!("{BACKUP_PREFIX}{time}");
        let backup = Staging::begin(places.backups, &backup_name)?;
        let keys = Staging::begin(places.keys, &format!("{KEYS_PREFIX}{time}"))?;
        let read = |path: &Path| {
            std::fs::read(path).with_context(|| {
                format!(
                    "{} 读不出：请在网关所在机器上以其用户运行 (cannot be read: run this on the hub's machine as its user)",
                    path.display()
                )
            })
        };
        let master_key = keys.put("master.key", &read(places.master_key_file)?)?;
        let credentials = match places.credentials_file.exists() {
            true => Some(keys.put("credentials.toml", &read(places.credentials_file)?)?),
            false => None,
        };
        Ok(Self {
            id: Uuid::new_v4(),
            begun_at,
            backup,
            keys,
            backup_name,
            master_key,
            credentials,
            decoder: Decoder::default(),
            opening: None,
            now: None,
            copies: Vec::new(),
            whole: false,
        })
    }

    /// Takes in what arrived.
    ///
    /// # Errors
    /// When it is no backup, cannot be written, or the hub says that it breaks off.
    pub fn push(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.decoder.push(bytes);
        while let Some(frame) = self.decoder.frame()? {
            self.take(frame)?;
        }
        Ok(())
    }

    fn take(&mut self, frame: Frame) -> anyhow::Result<()> {
        ensure!(!self.whole, FrameError::Strange);
        match (frame, &mut self.now) {
            (Frame::Data(data), Some((_, _, file))) => file.write(&data)?,
            (Frame::Said(Said::Opening(opening)), None) if self.opening.is_none() => self.opening = Some(opening),
            (Frame::Said(Said::Stream { name, head }), None) => self.begin_stream(name, head)?,
            (Frame::Said(Said::End), Some(_)) => self.end_stream()?,
            (Frame::Said(Said::Whole), None) => self.whole = true,
            (Frame::Said(Said::BrokenOff { reason }), _) => {
                bail!("网关中断了备份 (the hub broke the backup off): {reason}")
            }
            _ => bail!(FrameError::Strange),
        }
        Ok(())
    }

    /// The streams must come in their order: it is what makes them fit together.
    fn begin_stream(&mut self, name: String, head: Head) -> anyhow::Result<()> {
        ensure!(self.opening.is_some() && streams().get(self.copies.len()) == Some(&name), FrameError::Strange);
        let staging = if is_kept_apart(&name) { &self.keys } else { &self.backup };
        let file = staging.create(&format!("streams/{name}.snapshot"))?;
        self.now = Some((name, head, file));
        Ok(())
    }

    fn end_stream(&mut self) -> anyhow::Result<()> {
        let Some((name, head, file)) = self.now.take() else { bail!(FrameError::Strange) };
        let extent = head.extent().context(FrameError::Strange)?;
        self.copies.push(StreamCopy {
            name,
            messages: extent.messages,
            first_sequence: extent.first_sequence,
            last_sequence: extent.last_sequence,
            file: file.finish(),
            head,
        });
        Ok(())
    }

    /// Reads everything back, writes the manifests and gives the directories their names: the keys' first, so that no
    /// backup looks whole without them.
    ///
    /// # Errors
    /// When the hub has not said that it is whole, or a file does not read back as it was written.
    pub fn finish(self) -> anyhow::Result<Written> {
        ensure!(self.whole && self.copies.len() == streams().len(), FrameError::BrokenOff);
        let opening = self.opening.context(FrameError::BrokenOff)?;
        let made_at = Timestamp::now();
        let (apart, own) = self.copies.into_iter().partition(|copy: &StreamCopy| is_kept_apart(&copy.name));
        let manifest = Manifest {
            format: FORMAT,
            backup: self.id,
            begun_at: self.begun_at,
            made_at,
            hub_version: opening.hub_version,
            intake_floor: opening.intake_floor,
            streams: own,
        };
        let keys_manifest = KeysManifest {
            format: FORMAT,
            keys_of: self.id,
            backup_name: self.backup_name,
            made_at,
            streams: apart,
            master_key: self.master_key,
            credentials: self.credentials,
        };
        let sums = |copies: &'_ [StreamCopy]| copies.iter().map(|c| c.file.clone()).collect::<Vec<_>>();
        let mut key_files = sums(&keys_manifest.streams);
        key_files.push(keys_manifest.master_key.clone());
        key_files.extend(keys_manifest.credentials.clone());
        let keys = self.keys.finish(&keys_manifest, &key_files.iter().collect::<Vec<_>>())?;
        let own_files = sums(&manifest.streams);
        let directory = self.backup.finish(&manifest, &own_files.iter().collect::<Vec<_>>())?;
        Ok(Written { directory, keys, manifest, keys_manifest })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::engine::scratch::Scratch;

    fn stream(name: &str) -> [Frame; 3] {
        let state = json!({ "messages": 1, "first_seq": 1, "last_seq": 1 });
        let head = Head { config: json!({ "name": name }), state };
        let said = Said::Stream { name: name.into(), head };
        [Frame::Said(said), Frame::Data(Bytes::from_static(b"x")), Frame::Said(Said::End)]
    }

    fn opening() -> Frame {
        Frame::Said(Said::Opening(Opening { hub_version: "0".into(), intake_floor: 3 }))
    }

    fn whole() -> Vec<Frame> {
        let copies = streams().iter().flat_map(|name| stream(name)).collect::<Vec<_>>();
        [opening()].into_iter().chain(copies).chain([Frame::Said(Said::Whole)]).collect()
    }

    fn receive(frames: &[Frame]) -> (anyhow::Result<Written>, usize, Scratch) {
        let scratch = Scratch::new();
        let (backups, keys) = (scratch.path().join("b"), scratch.path().join("k"));
        let master_key_file = &scratch.path().join("master.key");
        std::fs::write(master_key_file, "00").expect("written");
        let credentials_file = &scratch.path().join("none.toml");
        let places = Places { backups: &backups, keys: &keys, master_key_file, credentials_file };
        let mut receiving = Receiving::begin(&places).expect("begun");
        let pushed = frames.iter().try_for_each(|frame| receiving.push(&frame.encode()));
        let written = pushed.and_then(|()| receiving.finish());
        let left = [&backups, &keys].map(|dir| std::fs::read_dir(dir).map_or(0, Iterator::count));
        (written, left.iter().sum(), scratch)
    }

    #[test]
    fn a_whole_backup_gets_its_name_and_its_keys_apart() {
        let (written, left, _scratch) = receive(&whole());
        let written = written.expect("written");
        assert_eq!(left, 2);
        assert_eq!(written.manifest.intake_floor, 3);
        assert!(written.keys.join("streams/KEYS.snapshot").exists() && written.keys.join("master.key").exists());
        assert!(!written.directory.join("streams/KEYS.snapshot").exists());
        assert!(written.directory.join("streams/INTAKE.snapshot").exists());
    }

    #[test]
    fn what_breaks_off_wherever_leaves_nothing() {
        for end in 0..whole().len() {
            let (written, left, _scratch) = receive(&whole()[..end]);
            assert!(written.is_err() && left == 0, "after {end} frames");
        }
        let broken = Frame::Said(Said::BrokenOff { reason: "the disk".into() });
        let (written, left, _scratch) = receive(&[opening(), broken]);
        assert!(written.err().is_some_and(|e| e.to_string().contains("the disk")) && left == 0);
    }

    #[test]
    fn streams_in_another_order_are_refused() {
        let mut frames = vec![opening()];
        frames.extend(stream("INTAKE"));
        assert!(receive(&frames).0.is_err());
    }
}
