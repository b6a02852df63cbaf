//! `huiliu run`.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::background::log_panics;
use crate::settings::{LogFormat, LogSettings, Settings};

pub(super) fn run(settings: Option<&Path>) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(settings)?;
    start_log(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let shutdown = CancellationToken::new();
        let asked = shutdown.clone();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            asked.cancel();
        });
        let app = App::start(settings, &shutdown).await?;
        tell_systemd(NotifyState::Ready);
        let ended = tokio::select! {
            () = shutdown.cancelled() => ExitCode::SUCCESS,
            () = app.broke() => ExitCode::FAILURE,
        };
        tell_systemd(NotifyState::Stopping);
        tracing::info!("stopping: no new work, what is in flight is finished");
        app.stop().await;
        tracing::info!("stopped");
        Ok(ended)
    })
}

/// For a service of type `notify`; without systemd there is nobody to tell.
fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

const AUDIT: &str = "huiliu::audit=info";

/// Starts logging. What is personal has types that do not print; payloads are never logged.
pub(super) fn start_log(log: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new(&log.filter))?;
    // Who was shown what is written down at any level.
    let filter = filter.add_directive(AUDIT.parse()?);
    let colours = std::io::stderr().is_terminal();
    let logger = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => logger.init(),
        LogFormat::Json => logger.json().init(),
    }
    log_panics();
    Ok(())
}
