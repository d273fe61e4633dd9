//! `channel connect` and `channel list`.

use crate::cli::Connect;
use crate::config::{Config, nearest};
use crate::failure::Failure;
use crate::{installation, output};
use ism_channels::{Adapter, FieldKind};
use ism_domain::event::Actor;
use ism_domain::{Refusal, WorkspaceId};
use ism_services::Services;
use ism_services::channels::{ConnectedView, Connection};
use ism_store::NO_WORKSPACE;
use ism_store::tables::{accounts, channels};
use serde_json::{Map, Value, json};

/// Connects a channel for the operator.
///
/// # Errors
/// With what is wrong with the settings; with `--strict` also when the provider refuses.
pub async fn connect(config: &Config, arguments: &Connect, for_programs: bool) -> Result<(), Failure> {
    let adapter = adapter(&arguments.source)?;
    let form = form(adapter, &arguments.set)?;
    let services = installation::services(config).await?;
    let result = connect_with(&services, adapter, arguments, form).await;
    services.stop().await;
    let connected = result?;
    if for_programs {
        output::json(&connected);
    } else {
        print(&connected);
    }
    Ok(())
}

async fn connect_with(
    services: &Services,
    adapter: &'static dyn Adapter,
    arguments: &Connect,
    config: Map<String, Value>,
) -> Result<Value, Failure> {
    let workspace = WorkspaceId(arguments.workspace);
    let known = services
        .store
        .read(workspace, move |tx| accounts::workspace(tx, workspace))
        .await?;
    known.ok_or_else(|| ism_services::Error::from(Refusal::not_found("Workspace")))?;
    let connection = Connection {
        source: adapter.descriptor().source.to_owned(),
        name: arguments.name.clone(),
        config,
        simulated: arguments.simulated,
        // Whoever may run commands on the server's machine reaches its networks anyway.
        trusted_base: true,
    };
    let connected = services
        .connect(workspace, Actor::SYSTEM, connection, arguments.strict)
        .await?;
    let live = services.live_channel(connected.channel.id).await?;
    let mut view = view(&connected);
    match arguments.source.as_str() {
        "whatsapp_cloud" => {
            // The adapter falls back to the channel's secret, see its handshake.
            let own = live.wire.text("verify_token").trim();
            view["verify_token"] = if own.is_empty() { live.wire.secret.as_str() } else { own }.into();
        }
        "website_chat" => {
            let key = &live.row.public_id;
            let base = &services.settings.public_url;
            view["widget_key"] = key.as_str().into();
            view["embed"] =
                format!("<script async src=\"{base}/widget/loader.js\" data-key=\"{key}\"></script>").into();
        }
        _ => {}
    }
    Ok(view)
}

fn view(connected: &ConnectedView) -> Value {
    let channel = &connected.channel;
    json!({
        "channel_id": channel.id, "webhook_url": channel.webhook_url, "secret": connected.secret,
        "public_id": channel.public_id, "source": channel.source, "name": channel.name, "address": channel.address,
        "status": channel.status, "warning": connected.warning,
    })
}

fn print(connected: &Value) {
    let text = |key: &str| {
        connected[key]
            .as_str()
            .map_or_else(|| connected[key].to_string(), str::to_owned)
    };
    output::line(format!(
        "Channel {} ({}) is kept with the id {}.",
        text("name"),
        text("source"),
        text("channel_id")
    ));
    let shown = [
        ("webhook_url", "Webhook"),
        ("secret", "Secret"),
        ("public_id", "Public id"),
        ("verify_token", "Verify token"),
        ("embed", "Code for your pages"),
    ];
    for (key, label) in shown {
        if !connected[key].is_null() {
            output::line(format!("{label}: {}", text(key)));
        }
    }
    if !connected["warning"].is_null() {
        output::line(format!("Warning: {}", text("warning")));
    }
}

/// Lists channels by workspace.
///
/// # Errors
/// When the installation cannot be opened or read.
pub async fn list(config: &Config, workspace: Option<i64>, for_programs: bool) -> Result<(), Failure> {
    let services = installation::services(config).await?;
    let result = services
        .store
        .snapshot(NO_WORKSPACE, move |tx| {
            let mut found = Vec::new();
            for place in accounts::workspaces(tx)? {
                if workspace.is_none_or(|wanted| wanted == place.id.0) {
                    found.push((place.id, channels::list(tx, place.id)?));
                }
            }
            Ok::<_, ism_store::Error>(found)
        })
        .await;
    services.stop().await;
    let found = result?;
    if workspace.is_some() && found.is_empty() {
        return Err(ism_services::Error::from(Refusal::not_found("Workspace")).into());
    }
    let rows = found.into_iter().flat_map(|(_, rows)| rows);
    let rows: Vec<Value> = rows
        .map(|row| {
            json!({
                "workspace_id": row.workspace_id, "channel_id": row.id, "source": row.source, "name": row.name,
                "address": row.address, "status": row.status, "status_text": row.status_text,
                "simulated": row.simulated, "public_id": row.public_id,
                "webhook_url": services.webhook_url(&row.source, row.id),
            })
        })
        .collect();
    if for_programs {
        output::json(&json!({ "channels": rows }));
    } else if rows.is_empty() {
        output::line("There are no channels yet. Connect one with: is-messenger channel connect");
    } else {
        let columns = ["channel_id", "source", "name", "address", "status", "webhook_url"];
        let mut table = vec![columns.map(|name| name.replace('_', " ")).to_vec()];
        table.extend(rows.iter().map(|row| {
            columns
                .map(|name| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned))
                .to_vec()
        }));
        output::line(output::table(&table));
    }
    Ok(())
}

fn adapter(source: &str) -> Result<&'static dyn Adapter, Failure> {
    ism_channels::adapter(source).ok_or_else(|| {
        let known: Vec<&str> = ism_channels::ADAPTERS
            .iter()
            .map(|adapter| adapter.descriptor().source)
            .collect();
        let hint = match nearest(source, known.iter().copied()) {
            Some(meant) => format!("Did you mean {meant}?"),
            None => format!("Choose one of {}.", known.join(", ")),
        };
        Failure::new("source", format!("There is no source \"{source}\". {hint}"))
    })
}

/// The settings as the adapter's form wants them. Errors never repeat a value: it may be a token.
fn form(adapter: &dyn Adapter, pairs: &[String]) -> Result<Map<String, Value>, Failure> {
    let wrong = |what: String| Failure::new("set", what);
    let descriptor = adapter.descriptor();
    let mut form = Map::new();
    for pair in pairs {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| wrong("Write --set as KEY=VALUE, such as --set bot_token=123456:AA….".to_owned()))?;
        let field = descriptor.fields.iter().find(|field| field.key == key).ok_or_else(|| {
            let known: Vec<&str> = descriptor.fields.iter().map(|field| field.key).collect();
            let hint = match nearest(key, known.iter().copied()) {
                Some(meant) => format!("Did you mean {meant}?"),
                None => format!("It has {}.", known.join(", ")),
            };
            wrong(format!("{} has no setting \"{key}\". {hint}", descriptor.source))
        })?;
        let value = match value.strip_prefix('@') {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| wrong(format!("The file for {key} cannot be read: {error}.")))?
                .trim()
                .to_owned(),
            None => value.to_owned(),
        };
        let value = match field.kind {
            FieldKind::Toggle => match value.as_str() {
                "true" | "yes" | "1" => Value::Bool(true),
                "false" | "no" | "0" => Value::Bool(false),
                _ => return Err(wrong(format!("{key} is true or false."))),
            },
            // One entry a line in the form, commas on a command line.
            FieldKind::Lines => Value::String(value.split(',').map(str::trim).collect::<Vec<_>>().join("\n")),
            _ => Value::String(value),
        };
        form.insert(key.to_owned(), value);
    }
    Ok(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formed(source: &str, pairs: &[&str]) -> Result<Map<String, Value>, Failure> {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        form(adapter(source)?, &pairs)
    }

    #[test]
    fn settings_take_the_shape_of_their_fields() {
        let form = formed(
            "website_chat",
            &[
                "require_identity=yes",
                "allowed_origins=https://a.example, https://b.example",
            ],
        );
        let form = form.unwrap();
        assert_eq!(form["require_identity"], true);
        assert_eq!(form["allowed_origins"], "https://a.example\nhttps://b.example");
        let form = formed("custom_channel", &["base_url=http://a/?b=c", "id_type=phone"]).unwrap();
        assert_eq!(form["base_url"], "http://a/?b=c");
    }

    #[test]
    fn mistakes_are_named_with_a_hint_and_without_the_value() {
        for (source, pair, expected) in [
            ("telegram", "bot_tokn=s3cret", "Did you mean bot_token?"),
            ("telegram", "colour=s3cret", "It has bot_token"),
            ("telegram", "s3cret", "KEY=VALUE"),
            ("telegrm", "a=b", "Did you mean telegram?"),
            ("pigeon", "a=b", "Choose one of whatsapp_cloud"),
            ("website_chat", "require_identity=s3cret", "true or false"),
        ] {
            let error = formed(source, &[pair]).unwrap_err();
            assert!(error.message.contains(expected), "{}", error.message);
            assert!(!error.message.contains("s3cret"), "{}", error.message);
        }
    }

    #[test]
    fn a_value_can_come_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.txt");
        std::fs::write(&path, "123:abc\n").unwrap();
        let form = formed("telegram", &[&format!("bot_token=@{}", path.display())]).unwrap();
        assert_eq!(form["bot_token"], "123:abc");
        assert!(formed("telegram", &["bot_token=@/nowhere/at/all"]).is_err());
    }
}
