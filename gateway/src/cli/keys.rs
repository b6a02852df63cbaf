//! `huiliu keys`: who may come in. A secret is shown once, when it is made; only its hashes are kept.

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;

use super::out::say;
use crate::doors::credentials::{Credentials, KeyKind};
use crate::engine::{Server, config};
use crate::settings::{Places, Settings};

#[derive(clap::Subcommand)]
pub(super) enum Keys {
    /// 新增凭据，密钥只显示这一次 (add a key; its secret is shown once)
    Add {
        /// channel | department | operator | machine
        kind: String,
        /// 渠道或单位编号；操作员、程序的名称 (the channel or department; a name for operators and machines)
        subject: String,
        /// 凭据名称，也是 NATS 用户名 (its name, and the NATS user)
        #[arg(long)]
        name: Option<String>,
    },
    /// 列出凭据 (list)
    List,
    /// 吊销 (revoke)
    Revoke {
        /// 凭据名称 (its name)
        name: String,
    },
    /// 外部 nats-server 的用户清单，凭据变动后重新生成并重载 (the users of an external nats-server; again after each change)
    Nats,
}

pub(super) fn run(settings: Option<&Path>, keys: &Keys) -> anyhow::Result<ExitCode> {
    let places = Places::load(settings)?;
    let file = &places.credentials_file;
    // Of two that change it at once, the later one would undo the other.
    let _alone = changes(keys).then(|| alone_in(file)).transpose()?;
    let mut credentials = if file.exists() { Credentials::load(file)? } else { Credentials::default() };
    match keys {
        Keys::Add { kind, subject, name } => {
            let kind = kind_of(kind)?;
            let name = name.clone().unwrap_or_else(|| subject.clone());
            let secret = credentials.mint(kind, subject, &name)?;
            credentials.save(file)?;
            say(secret.expose())?;
        }
        Keys::List => {
            for key in credentials.keys() {
                let kind = format!("{:?}", key.principal.kind()).to_lowercase();
                say(format!("{}\t{kind}\t{}\t{}", key.name, key.principal.subject(), key.created))?;
            }
        }
        Keys::Nats => say(accounts_of_server(settings, &credentials)?.trim_end())?,
        Keys::Revoke { name } => {
            credentials.revoke(name)?;
            credentials.save(file)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn changes(keys: &Keys) -> bool {
    matches!(keys, Keys::Add { .. } | Keys::Revoke { .. })
}

/// Waits until nobody else changes the file; until the answer is dropped, nobody does.
fn alone_in(file: &Path) -> anyhow::Result<File> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let folder = File::open(folder)?;
    folder.lock()?;
    Ok(folder)
}

/// What `deploy/cluster/nats-server.conf` includes: hashes only, the gateway's own user first.
fn accounts_of_server(settings: Option<&Path>, credentials: &Credentials) -> anyhow::Result<String> {
    let Server::External(external) = Settings::load(settings)?.engine.server else {
        bail!("engine.urls 为空：自带的 nats-server 无需此清单 (huiliu's own server needs no such list)");
    };
    Ok(config::external_accounts(&external.user, &external.password.bcrypt()?, credentials))
}

fn kind_of(text: &str) -> anyhow::Result<KeyKind> {
    Ok(match text {
        "channel" => KeyKind::Channel,
        "department" => KeyKind::Department,
        "operator" => KeyKind::Operator,
        "machine" => KeyKind::Machine,
        other => bail!("kind `{other}`: expected channel, department, operator or machine"),
    })
}
