//! Three nats-servers that are one, on loopback, with the configuration that `deploy/cluster` ships.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use uuid::Uuid;

use super::engine::{GATEWAY, Inspector};
use super::plan::free_port;
use super::{PATIENCE, eventually, nats_binary, root};

/// The cluster.
pub struct OwnCluster {
    /// Where its servers are.
    pub urls: Vec<String>,
    nodes: Vec<Node>,
    dir: PathBuf,
}

struct Node {
    name: String,
    environment: Vec<(String, String)>,
    child: Option<Child>,
}

impl OwnCluster {
    /// Three servers that are to listen at `urls`; none runs yet.
    pub fn laid_out() -> anyhow::Result<Self> {
        let dir = std::env::temp_dir().join(format!("huiliu-cluster-{}", Uuid::new_v4().simple()));
        std::fs::create_dir_all(&dir)?;
        std::fs::copy(root().join("deploy/cluster/nats-server.conf"), dir.join("nats-server.conf"))?;
        let ports: Vec<(u16, u16)> = (0..3).map(|_| Ok((free_port()?, free_port()?))).collect::<anyhow::Result<_>>()?;
        let routes = ports.iter().enumerate().map(|(place, (_, route))| {
            (format!("NATS_ROUTE_{}", place + 1), format!("nats-route://route:for-tests@127.0.0.1:{route}"))
        });
        let routes: Vec<_> = routes.chain([("NATS_ROUTE_PASSWORD".into(), "for-tests".into())]).collect();
        let nodes = ports.iter().enumerate().map(|(place, (port, route))| {
            let name = format!("nats-{}", place + 1);
            let mut environment = routes.clone();
            environment.extend([
                ("NATS_NAME".to_owned(), name.clone()),
                ("NATS_LISTEN".to_owned(), format!("127.0.0.1:{port}")),
                ("NATS_CLUSTER_LISTEN".to_owned(), format!("127.0.0.1:{route}")),
                ("NATS_STORE".to_owned(), dir.join(&name).to_string_lossy().into_owned()),
            ]);
            Node { name, environment, child: None }
        });
        let urls = ports.iter().map(|(port, _)| format!("nats://127.0.0.1:{port}")).collect();
        Ok(Self { urls, nodes: nodes.collect(), dir })
    }

    /// Starts all three with those let in whom this list names, what `huiliu keys nats` prints; waits until they agree on
    /// who leads.
    pub async fn start(&mut self, accounts: &str) -> anyhow::Result<()> {
        std::fs::write(self.dir.join(USERS), accounts)?;
        for place in 0..3 {
            self.spawn(place)?;
        }
        self.inspector().await.map(drop)
    }

    /// Starts a server that was killed.
    pub fn spawn(&mut self, place: usize) -> anyhow::Result<()> {
        let node = &mut self.nodes[place];
        let log =
            std::fs::File::options().create(true).append(true).open(self.dir.join(format!("{}.log", node.name)))?;
        let program = nats_binary().context("no nats-server: run `make setup`")?;
        let child = Command::new(program)
            .arg("--config")
            .arg(self.dir.join("nats-server.conf"))
            .envs(node.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        node.child = Some(child);
        Ok(())
    }

    /// Kills the server that leads a stream, and says which it was.
    pub async fn kill_leader(&mut self, stream: &str) -> anyhow::Result<usize> {
        let inspector = self.inspector().await?;
        let stream = inspector.jetstream.get_stream(stream).await?;
        let leader = stream.cached_info().cluster.as_ref().and_then(|c| c.leader.clone()).context("nobody leads")?;
        let place = self.nodes.iter().position(|n| n.name == leader).context("an unknown leader")?;
        self.kill(place)?;
        Ok(place)
    }

    /// Kills one.
    pub fn kill(&mut self, place: usize) -> anyhow::Result<()> {
        if let Some(mut child) = self.nodes[place].child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Someone who may see everything; once the servers agree on who leads.
    pub async fn inspector(&self) -> anyhow::Result<Inspector> {
        let found = eventually("the cluster to have a leader", PATIENCE, async || {
            let inspector = Inspector::connect(&self.urls, Some(GATEWAY)).await.ok()?;
            inspector.jetstream.query_account().await.ok()?;
            Some(inspector)
        });
        found.await.with_context(|| self.log())
    }

    /// What the servers wrote.
    pub fn log(&self) -> String {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        self.nodes.iter().map(|n| read(&self.dir.join(format!("{}.log", n.name)))).collect()
    }
}

/// What the configuration includes.
const USERS: &str = "huiliu-users.conf";

impl Drop for OwnCluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // It may have ended by itself.
            let _gone = node.child.take().map(|mut child| child.kill().and_then(|()| child.wait()));
        }
        // Left behind, it is in the way of nobody.
        let _removed = std::fs::remove_dir_all(&self.dir);
    }
}
