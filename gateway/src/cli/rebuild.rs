//! `huiliu rebuild`: reads the whole case log into a new read model beside the one in use, and exchanges the two. The hub
//! must be stopped: the file has one writer.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio_util::sync::CancellationToken;

use super::out::say;
use super::run::start_log;
use crate::app::{READ_MODEL, indexing};
use crate::doors::Credentials;
use crate::engine::lock::{LockError, StoreLock};
use crate::engine::streams::CASES;
use crate::engine::{Engine, EngineError};
use crate::follow;
use crate::keys::{Keys, master};
use crate::readmodel::Rebuild;
use crate::settings::{Places, load_engine};

pub(super) fn run(settings: Option<&Path>) -> anyhow::Result<ExitCode> {
    let (places, engine) = load_engine(settings)?;
    start_log(&places.log)?;
    if !places.data_dir.is_dir() {
        bail!("数据目录不存在 (there is no data directory): {}", places.data_dir.display());
    }
    let credentials = match places.credentials_file.exists() {
        true => Credentials::load(&places.credentials_file)?,
        false => Credentials::default(),
    };
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let _alone = StoreLock::take_now(&places.data_dir).await.map_err(stop_it_first)?;
        let engine = Engine::start(engine, &credentials, CancellationToken::new()).await.map_err(in_use)?;
        let rebuilt = rebuild(&engine, &places).await;
        engine.stop().await;
        let (messages, position) = rebuilt?;
        say(format!("查询库已重建：读入 {messages} 条消息，至日志序号 {position} (rebuilt from {messages} messages)"))?;
        Ok(ExitCode::SUCCESS)
    })
}

/// How many messages were read, and up to which sequence.
async fn rebuild(engine: &Engine, places: &Places) -> anyhow::Result<(u64, u64)> {
    let cases = engine.jetstream.get_stream(CASES).await;
    let end = cases.context("案件日志读不到 (the case log cannot be found)")?.cached_info().state.last_sequence;
    let master = master::existing(&engine.jetstream, &places.master_key_file).await?;
    let indexing = indexing(Keys::new(engine.jetstream.clone(), Arc::new(master)));
    let mut building = Rebuild::begin(places.data_dir.join(READ_MODEL), indexing)?;
    let mut messages = 0;
    while building.position() < end {
        let batch = follow::next(&engine.jetstream, building.position()).await.map_err(anyhow::Error::msg)?;
        if batch.is_empty() {
            bail!(
                "日志在序号 {} 处中断，应到 {end} (the log breaks off); 原查询库未动 (nothing was changed)",
                building.position()
            );
        }
        messages += batch.len() as u64;
        // It asks the server for keys, and waits for them.
        tokio::task::block_in_place(|| building.apply(&batch))?;
    }
    let position = building.position();
    building.finish()?;
    Ok((messages, position))
}

pub(super) fn stop_it_first(error: LockError) -> anyhow::Error {
    let held = matches!(error, LockError::Held { .. });
    let error = anyhow::Error::from(error);
    if held { error.context("网关正在运行，请先停止 (the hub is running: stop it first)") } else { error }
}

fn in_use(error: EngineError) -> anyhow::Error {
    match error {
        EngineError::Embedded(crate::engine::EmbeddedError::Lock(error)) => stop_it_first(error),
        error => error.into(),
    }
}
