//! Simulated channels follow the simulator when it or the server moves to another port.
//!
//! A real provider stays where it is; the simulator's address is the operator's choice at every start. Channels that were
//! connected to it elsewhere would neither send nor receive.

use crate::failure::Failure;
use ism_domain::access::Role;
use ism_services::{Member, Services};
use ism_store::tables::accounts;
use ism_store::tables::channels::{self, Channel};
use ism_store::{NO_WORKSPACE, Tx};
use serde_json::{Map, Value};
use url::Url;

/// Connects simulated channels anew where `moved` (the server's own address is another) or the simulator's is.
///
/// # Errors
/// When the database cannot be read. A channel that cannot be connected is only logged.
pub async fn follow(services: &Services, simulator_url: &str, moved: bool) -> Result<(), Failure> {
    let found = services.store.snapshot(NO_WORKSPACE, simulated).await?;
    for (owner, channel) in found {
        let known = channel
            .config
            .get("base_url")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let wanted = at(simulator_url, known);
        if !moved && wanted.as_deref().is_none_or(|wanted| wanted == known) {
            continue;
        }
        let config = wanted.map(|url| Map::from_iter([("base_url".to_owned(), Value::String(url))]));
        match services.reconnect_channel(owner, channel.id, config).await {
            Ok(_) => tracing::info!(channel = %channel.id, "a simulated channel followed the simulator"),
            Err(error) => {
                tracing::warn!(channel = %channel.id, %error, "a simulated channel could not be connected anew")
            }
        }
    }
    Ok(())
}

/// Simulated channels, each with an owner of its workspace on whose behalf it is connected.
fn simulated(tx: &mut Tx<'_>) -> ism_store::Result<Vec<(Member, Channel)>> {
    let mut found = Vec::new();
    for workspace in accounts::workspaces(tx)? {
        let rows = channels::list(tx, workspace.id)?
            .into_iter()
            .filter(|channel| channel.simulated)
            .collect::<Vec<_>>();
        if rows.is_empty() {
            continue;
        }
        let members = accounts::members(tx, workspace.id)?;
        let owner = members
            .iter()
            .find(|(member, _)| member.role == Role::Owner && member.removed_at.is_none());
        if let Some((owner, _)) = owner {
            let owner = Member {
                workspace: workspace.id,
                user: owner.user_id,
                role: Role::Owner,
            };
            found.extend(rows.into_iter().map(|row| (owner, row)));
        }
    }
    Ok(found)
}

/// The same address at the simulator's present origin.
fn at(simulator_url: &str, known: &str) -> Option<String> {
    let path = Url::parse(known).ok()?.path().trim_end_matches('/').to_owned();
    Some(format!("{simulator_url}{path}"))
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn only_the_origin_changes() {
        let now = "http://127.0.0.1:2";
        assert_eq!(
            at(now, "http://127.0.0.1:1/custom/abc").as_deref(),
            Some("http://127.0.0.1:2/custom/abc")
        );
        assert_eq!(
            at(now, "http://127.0.0.1:1/telegram/").as_deref(),
            Some("http://127.0.0.1:2/telegram")
        );
        assert_eq!(at(now, ""), None);
    }
}
