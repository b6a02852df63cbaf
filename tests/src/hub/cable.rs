//! A cable between two networks of a test's own, which can be cut: both ways, or one way only, so that one side still hears
//! the other. Only root can lay one, and only in a network that is not the machine's.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::{PATIENCE, eventually};

/// The address at the server's end.
pub(super) const FAR_END: &str = "10.231.0.2";
const NEAR_END: &str = "10.231.0.1";
/// Nobody has it: what is sent there is thrown away by whoever gets it.
const NOBODY: &str = "02:00:00:00:00:99";

/// How a cable is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing goes through.
    BothWays,
    /// What the hub says does not arrive; what the server says does.
    ServerDeaf,
    /// What the server says does not arrive; what the hub says does.
    ServerMute,
}

/// The cable.
#[derive(Debug)]
pub struct Cable {
    server: u32,
}

impl Cable {
    /// From this process's network to that of process `server`.
    pub(super) async fn lay(server: u32) -> anyhow::Result<Self> {
        let ours = fs::read_link("/proc/self/ns/net")?;
        let links = Command::new("ip").args(["-o", "link"]).output()?.stdout;
        let links = String::from_utf8(links)?;
        let alone = links.lines().all(|link| link.contains(": lo:") || link.contains(": near@"));
        ensure!(alone, "a cable is laid in a network of the test's own only");
        eventually("the server to be in a network of its own", PATIENCE, async || {
            fs::read_link(format!("/proc/{server}/ns/net")).ok().filter(|theirs| *theirs != ours)
        })
        .await?;
        let cable = Self { server };
        let peer = server.to_string();
        run("ip", &["link", "add", "near", "type", "veth", "peer", "name", "far", "netns", &peer])?;
        run("ip", &["addr", "add", &format!("{NEAR_END}/30"), "dev", "near"])?;
        run("ip", &["link", "set", "near", "up"])?;
        cable.there(&["addr", "add", &format!("{FAR_END}/30"), "dev", "far"])?;
        cable.there(&["link", "set", "far", "up"])?;
        Ok(cable)
    }

    /// Cuts it.
    pub fn cut(&self, cut: Cut) -> anyhow::Result<()> {
        match cut {
            Cut::BothWays => run("ip", &["link", "set", "near", "down"]),
            Cut::ServerDeaf => {
                run("ip", &["neigh", "replace", FAR_END, "lladdr", NOBODY, "dev", "near", "nud", "permanent"])
            }
            Cut::ServerMute => {
                self.there(&["neigh", "replace", NEAR_END, "lladdr", NOBODY, "dev", "far", "nud", "permanent"])
            }
        }
    }

    /// Mends it.
    pub fn mend(&self, cut: Cut) -> anyhow::Result<()> {
        match cut {
            Cut::BothWays => run("ip", &["link", "set", "near", "up"]),
            Cut::ServerDeaf => run("ip", &["neigh", "del", FAR_END, "dev", "near"]),
            Cut::ServerMute => self.there(&["neigh", "del", NEAR_END, "dev", "far"]),
        }
    }

    fn there(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let server = self.server.to_string();
        run("nsenter", &[&["-t", &server, "-n", "ip"], arguments].concat())
    }
}

fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let told = Command::new(program).args(arguments).output().with_context(|| format!("no {program}"))?;
    ensure!(told.status.success(), "{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&told.stderr));
    Ok(())
}
