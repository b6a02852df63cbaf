//! Where traces go, if anywhere.

use super::{SettingsError, bad, base_url, raw};

const ADDRESS: &str = "收集端的 http 或 https 地址，不含用户名、口令和 /v1/traces，如 http://127.0.0.1:4318 \
     (the collector's http or https address without user, password and /v1/traces, such as http://127.0.0.1:4318)";
const SHARE: &str = "大于 0、不大于 1 的数；不用跟踪时删去 traces.endpoint (a number above 0 and up to 1; without traces.endpoint there are no traces)";
const NAME: &str = "一个名称，如 huiliu (a name such as huiliu)";

/// Where traces go.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSettings {
    /// The collector, without `/v1/traces`.
    pub endpoint: String,
    /// Of the traces that begin here, this share is recorded: above 0, up to 1.
    pub share: f64,
    /// Who speaks.
    pub service_name: String,
}

/// Everything is looked at, also where there is no collector: a wrong value is found before it counts.
pub(super) fn traces(raw: &raw::Traces) -> Result<Option<TraceSettings>, SettingsError> {
    if !(raw.share > 0.0 && raw.share <= 1.0) {
        return Err(bad("traces.share", raw.share.to_string(), SHARE));
    }
    if raw.service_name.trim().is_empty() {
        return Err(bad("traces.service_name", &raw.service_name, NAME));
    }
    let Some(endpoint) = &raw.endpoint else { return Ok(None) };
    let endpoint = match base_url(endpoint, "traces.endpoint") {
        Ok(address) if !address.ends_with("/v1/traces") && !address.contains(['?', '#']) => address,
        _ => return Err(bad("traces.endpoint", super::without_credentials(endpoint), ADDRESS)),
    };
    Ok(Some(TraceSettings { endpoint, share: raw.share, service_name: raw.service_name.clone() }))
}
