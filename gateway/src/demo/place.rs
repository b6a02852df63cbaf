//! The demo's folder: keys, secrets and settings, minted at the first start and kept. Every secret is random and stands in
//! a file of its own that only its owner can read.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use huiliu_adapters::pack::Pack;
use jiff::Timestamp;

use crate::doors::credentials::write_private;
use crate::doors::{Credentials, KeyKind, Secret};
use crate::settings::Settings;

/// The folder.
#[derive(Debug, Clone)]
pub struct Place {
    /// Absolute.
    pub folder: PathBuf,
}

/// What a simulated system and the hub share.
#[derive(Debug)]
pub struct Shared {
    /// What the hub shows when it asks.
    pub app_key: Secret,
    /// What pushes are proven with.
    pub push: Secret,
}

impl Place {
    /// Makes the folder where there is none.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn at(folder: &Path) -> anyhow::Result<Self> {
        let folder = std::path::absolute(folder)?;
        for inner in ["data", "keys", "secrets"] {
            let path = folder.join(inner);
            fs::create_dir_all(&path).with_context(|| format!("failed to make the folder {}", path.display()))?;
        }
        Ok(Self { folder })
    }

    /// The key of that name; minted, with its line in the credentials file, where there is none.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn key(&self, kind: KeyKind, subject: &str) -> anyhow::Result<Secret> {
        let (file, ledger) = (self.folder.join("keys").join(subject), self.folder.join("data/credentials.toml"));
        let mut credentials = Credentials::load(&ledger)?;
        let known = credentials.get(subject).is_some();
        if let (true, Some(secret)) = (known, read(&file)) {
            return Ok(secret);
        }
        if known {
            credentials.revoke(subject)?;
        }
        let secret = credentials.mint(kind, subject, subject)?;
        write_private(&file, secret.expose())?;
        credentials.save(&ledger)?;
        Ok(secret)
    }

    /// What the hub and the simulator of a channel share.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn shared(&self, channel: &str) -> anyhow::Result<Shared> {
        let webhook = |secret: &Secret| format!("whsec_{}", STANDARD.encode(secret.expose()));
        Ok(Shared {
            app_key: self.secret(&format!("{channel}.key"), |s| s.expose().to_owned())?,
            push: self.secret(&format!("{channel}.push"), webhook)?,
        })
    }

    fn secret(&self, name: &str, form: impl Fn(&Secret) -> String) -> anyhow::Result<Secret> {
        let file = self.folder.join("secrets").join(name);
        if let Some(secret) = read(&file) {
            return Ok(secret);
        }
        write_private(&file, &form(&Secret::random()?))?;
        read(&file).with_context(|| format!("failed to read {} back", file.display()))
    }

    /// Writes the settings for this start and reads them as the hub does.
    ///
    /// # Errors
    /// When they cannot be written or used.
    pub fn settings(
        &self,
        listen: SocketAddr,
        directory: &Path,
        channels: &[(&str, &str)],
    ) -> anyhow::Result<Settings> {
        let directory = std::path::absolute(directory)?;
        let since = self.first_start()?;
        let mut text = format!(
            "# Written by `huiliu demo` at every start: changes are lost.\n[http]\nlisten = \"{listen}\"\n\n\
             [data]\ndir = \"data\"\ndirectory_dir = {:?}\n",
            directory.display().to_string()
        );
        for (channel, url) in channels {
            text.push_str(&format!(
                "\n[channels.{channel}]\nbase_url = \"{url}\"\n{} = {{ file = \"secrets/{channel}.key\" }}\n\
                 push_secrets = [{{ file = \"secrets/{channel}.push\" }}]\nsince = \"{since}\"\npoll_interval_s = 5\n",
                if wants_token(channel) { "client_id = \"huiliu\"\nclient_secret" } else { "key" }
            ));
        }
        let file = self.folder.join("huiliu.toml");
        fs::write(&file, text).with_context(|| format!("failed to write {}", file.display()))?;
        Ok(Settings::load(Some(&file))?)
    }

    /// A day before the demo was first started: what the simulators hold is younger.
    fn first_start(&self) -> anyhow::Result<Timestamp> {
        let file = self.folder.join("since");
        if let Ok(text) = fs::read_to_string(&file) {
            return text.trim().parse().with_context(|| format!("{} holds no time", file.display()));
        }
        let since = Timestamp::from_second(Timestamp::now().as_second() - 86_400)?;
        fs::write(&file, since.to_string())?;
        Ok(since)
    }
}

/// Whether the system hands out tokens; the secret is then the client's.
fn wants_token(channel: &str) -> bool {
    Pack::embedded(channel).is_ok_and(|pack| pack.token.is_some())
}

fn read(file: &Path) -> Option<Secret> {
    fs::read_to_string(file).ok().and_then(Secret::from_text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::engine::scratch::Scratch;

    #[test]
    fn a_second_start_finds_the_keys_of_the_first_and_nobody_else_can_read_them() {
        let scratch = Scratch::new();
        let place = Place::at(scratch.path()).expect("made");
        let first = place.key(KeyKind::Operator, "demo").expect("minted");
        let again = place.key(KeyKind::Operator, "demo").expect("found");
        assert_eq!(first.expose(), again.expose());
        let shared = place.shared("hotline-12345").expect("minted");
        assert!(shared.push.expose().starts_with("whsec_"));
        assert_eq!(shared.push.expose(), place.shared("hotline-12345").expect("found").push.expose());
        for file in ["keys/demo", "secrets/hotline-12345.key", "secrets/hotline-12345.push", "data/credentials.toml"] {
            let mode = fs::metadata(scratch.path().join(file)).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }

    #[test]
    fn a_key_whose_file_was_lost_is_minted_anew() {
        let scratch = Scratch::new();
        let place = Place::at(scratch.path()).expect("made");
        let first = place.key(KeyKind::Department, "jb-housing").expect("minted");
        fs::remove_file(scratch.path().join("keys/jb-housing")).expect("removed");
        let second = place.key(KeyKind::Department, "jb-housing").expect("minted");
        assert_ne!(first.expose(), second.expose());
    }

    #[test]
    fn the_settings_it_writes_are_settings() {
        let scratch = Scratch::new();
        let place = Place::at(scratch.path()).expect("made");
        for channel in ["hotline-12345", "video-mediation"] {
            place.shared(channel).expect("minted");
        }
        let listen = "127.0.0.1:8210".parse().expect("an address");
        let channels = [("hotline-12345", "http://127.0.0.1:9"), ("video-mediation", "http://127.0.0.1:9")];
        let settings = place.settings(listen, Path::new("deploy"), &channels).expect("settings");
        let channel = settings.channels.values().next().expect("one");
        assert!(channel.since.is_some() && channel.key.is_some() && channel.push_secrets.len() == 1);
        let mediation = settings.channels.values().last().expect("another");
        assert!(mediation.key.is_none() && mediation.client.is_some());
    }
}
