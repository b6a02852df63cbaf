//! A hub of one's own in a folder of its own, with a key for everybody, and the command line beside it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use huiliu::app::App;
use huiliu::directory::Directory;
use huiliu::doors::credentials::{Credentials, KeyKind};
use huiliu::settings::Settings;
use huiliu_adapters::http;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const CHANNEL: &str = "hotline-12345";
pub const SECRET_NAME: &str = "王示例";
pub const SECRET_PHONE: &str = "19900000001";
const PATIENCE: Duration = Duration::from_secs(30);

/// The hub that runs, or a folder where one ran.
pub struct Site {
    folder: PathBuf,
    keys: Credentialled,
    app: Option<App>,
    http: reqwest::Client,
}

struct Credentialled {
    operator: String,
    channel: String,
    departments: Vec<(String, String)>,
}

impl Site {
    pub async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("huiliu-operator-{}", Uuid::new_v4()));
        std::fs::create_dir_all(folder.join("data")).expect("folder");
        let settings = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n[data]\ndirectory_dir = {:?}\n[channels.{CHANNEL}]\n",
            directory_folder()
        );
        std::fs::write(folder.join("huiliu.toml"), settings).expect("settings");
        let keys = mint(&folder.join("data/credentials.toml"));
        std::fs::write(folder.join("operator.key"), &keys.operator).expect("key");
        let http = http::nearby().build().expect("client");
        let mut site = Self { folder, keys, app: None, http };
        site.run().await;
        site
    }

    /// Starts the hub in the folder.
    pub async fn run(&mut self) {
        let settings = Settings::load(Some(&self.settings())).expect("settings");
        let app = App::start(settings, &CancellationToken::new()).await.expect("a hub");
        self.app = Some(app);
    }

    /// Starts again with a pack of this place's own: the shipped one, with `shipped` replaced in its map. Returns where
    /// packs of this place are.
    pub async fn use_pack(&mut self, shipped: &str, own: &str) -> PathBuf {
        self.stop().await;
        let (from, packs) =
            (Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/packs").join(CHANNEL), self.folder.join("packs"));
        copy_dir(&from, &packs.join(CHANNEL));
        let map = packs.join(CHANNEL).join("map.toml");
        let text = std::fs::read_to_string(&map).expect("a map");
        assert!(text.contains(shipped), "{shipped} is not in the shipped map");
        std::fs::write(&map, text.replace(shipped, own)).expect("written");
        let settings = std::fs::read_to_string(self.settings()).expect("settings");
        let settings = settings.replace("[data]\n", &format!("[data]\npacks_dir = {packs:?}\n"));
        std::fs::write(self.settings(), settings).expect("written");
        self.run().await;
        packs
    }

    pub async fn stop(&mut self) {
        self.app.take().expect("it runs").stop().await;
    }

    pub fn app(&self) -> &App {
        self.app.as_ref().expect("it runs")
    }

    pub fn settings(&self) -> PathBuf {
        self.folder.join("huiliu.toml")
    }

    fn url(&self) -> String {
        format!("http://{}", self.app().address)
    }

    /// The command line with the operator's key.
    pub async fn huiliu(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_huiliu"));
        command.env_remove("HUILIU_KEY").env("HUILIU_SETTINGS", self.settings());
        if let Some(app) = &self.app {
            command.env("HUILIU_HUB", format!("http://{}", app.address));
        }
        command.args(arguments);
        if matches!(arguments[0], "queue" | "dead" | "search") {
            command.arg("--key-file").arg(self.folder.join("operator.key"));
        }
        tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends")
    }

    pub async fn ask(&self, method: Method, path: &str, key: &str, body: Option<Value>) -> (StatusCode, Value) {
        let answer = self.send(method, path, key, &[], body).await;
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    /// As [`Self::ask`], with headers, and with those of the answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        key: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.url())).bearer_auth(key);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, &self.keys.operator, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.ask(Method::POST, path, &self.keys.operator, body).await
    }

    pub fn operator(&self) -> &str {
        &self.keys.operator
    }

    pub fn channel_key(&self) -> &str {
        &self.keys.channel
    }

    pub fn key_of(&self, department: &str) -> &str {
        let found = self.keys.departments.iter().find(|(id, _)| id == department);
        &found.expect("a department of the directory").1
    }

    /// Pushes a body and waits for what became of it.
    pub async fn push(&self, body: Value) -> Value {
        let path = format!("/v1/channels/{CHANNEL}/events");
        let (status, receipt) = self.ask(Method::POST, &path, &self.keys.channel, Some(body)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{receipt}");
        let id = receipt["receipt"].as_str().expect("a receipt").to_owned();
        self.get(&format!("/v1/receipts/{id}?wait=30")).await
    }

    /// An order of the hotline under this number; its queue's department and its case.
    pub async fn new_case(&self, number: &str) -> (String, String) {
        let mut order: Value = serde_json::from_str(ORDER).expect("json");
        order["orderId"] = number.into();
        order["orderNum"] = format!("热线-{number}").into();
        order["oldOrderNum"] = Value::Null;
        let receipt = self.push(order).await;
        let case = receipt["records"][0]["case_id"].as_str().expect("a case").to_owned();
        let view = self.when(&format!("/v1/cases/{case}"), |view| view["case"]["lead"].is_string()).await;
        (view["case"]["lead"].as_str().expect("a lead").to_owned(), case)
    }

    /// The answer of `path` once it is as wanted.
    pub async fn when(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let (_, body) = self.ask(Method::GET, path, &self.keys.operator, None).await;
                if wanted(&body) {
                    return body;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{path} never was as wanted"))
    }

    pub async fn take(&self, department: &str) -> Vec<Value> {
        let (status, taken) = self.ask(Method::GET, "/v1/queue?wait=5&max=10", self.key_of(department), None).await;
        assert_eq!(status, StatusCode::OK, "{taken}");
        taken["entries"].as_array().expect("entries").clone()
    }

    pub async fn acknowledge(&self, department: &str, entry: &Value) {
        let body = json!({ "ack": entry["ack"] });
        let (status, said) = self.ask(Method::POST, "/v1/queue/ack", self.key_of(department), Some(body)).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{said}");
    }

    /// How a department's queue stands, once it is as wanted.
    pub async fn standing(&self, department: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let of = |all: &Value| {
            let queues = all["queues"].as_array()?.iter();
            queues.clone().find(|q| q["department"] == department).cloned()
        };
        let all = self.when("/v1/queues", |all| of(all).is_some_and(|queue| wanted(&queue))).await;
        of(&all).expect("the department")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.folder);
    }
}

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("copied");
        }
    }
}

pub const ORDER: &str = include_str!("../../../adapters/packs/hotline-12345/fixtures/order.json");

pub fn directory_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/directory/330205")
}

fn mint(file: &Path) -> Credentialled {
    let directory = Directory::load(&directory_folder()).expect("directory");
    let mut credentials = Credentials::default();
    let mut mint =
        |kind, subject: &str, name: &str| credentials.mint(kind, subject, name).expect("minted").expose().to_owned();
    let operator = mint(KeyKind::Operator, "li", "op-li");
    let channel = mint(KeyKind::Channel, CHANNEL, "push");
    let departments = directory.departments.iter().map(|d| d.id.to_string());
    let departments = departments.map(|id| (id.clone(), mint(KeyKind::Department, &id, &format!("d-{id}")))).collect();
    credentials.save(file).expect("saved");
    Credentialled { operator, channel, departments }
}
