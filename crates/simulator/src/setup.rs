//! Making accounts and phones.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::Knobs;
use crate::simulator::Simulator;
use crate::world::{Account, AccountKind, BridgeState, Counters, Phone, TelegramBot, WhatsappNumber, World};
use crate::{Error, Result, whatsapp};

/// The app secret of numbers nobody registered.
pub const DEFAULT_APP_SECRET: &str = "simulated-app-secret";

/// A WhatsApp number. Registering the same `phone_number_id` again changes what is given and keeps the chats.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsappAccount {
    pub phone_number_id: String,
    pub waba_id: String,
    /// Signs webhooks; by default `simulated-app-secret`.
    #[serde(default)]
    pub app_secret: Option<String>,
    /// Sent in the handshake.
    #[serde(default)]
    pub verify_token: Option<String>,
    /// When given, every other bearer token is refused.
    #[serde(default)]
    pub access_token: Option<String>,
    #[serde(default)]
    pub display_phone_number: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
    /// The app's callback. Giving it also subscribes the WABA, as the dashboard would.
    #[serde(default)]
    pub webhook_url: Option<String>,
}

/// A custom channel's other side.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bridge {
    /// The name in the base URL `/custom/{bridge}`.
    pub bridge: String,
    pub channel_id: String,
    pub token: String,
    /// Where customers' messages are posted to.
    pub webhook_url: String,
    /// `phone` (default) or `custom`.
    #[serde(default)]
    pub id_type: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
}

/// A bot known before its first call. Without this, the first call with a well-formed token makes it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    pub token: String,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
}

/// A customer. What is left out is made up.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPhone {
    /// Name in the control API; `p1`, `p2` … by default.
    pub id: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub username: Option<String>,
    pub phone: Option<String>,
    pub telegram_id: Option<i64>,
    pub bsuid: Option<String>,
    pub custom_id: Option<String>,
    pub language: Option<String>,
    pub country: Option<String>,
    pub email: Option<String>,
    pub hides_phone: bool,
}

impl NewPhone {
    pub fn named(first_name: &str, last_name: &str) -> Self {
        Self {
            first_name: Some(first_name.to_owned()),
            last_name: Some(last_name.to_owned()),
            ..Self::default()
        }
    }
}

/// Names for phones nobody named.
const NAMES: [(&str, &str, &str); 12] = [
    ("Priya", "Nair", "en"),
    ("Sam", "Okoro", "en"),
    ("Lucía", "Fernández", "es"),
    ("Jonas", "Weber", "de"),
    ("Amélie", "Laurent", "fr"),
    ("Omar", "Haddad", "ar"),
    ("Yuki", "Tanaka", "ja"),
    ("Ana", "Reis", "pt"),
    ("Noa", "Levi", "he"),
    ("Wei", "Zhang", "zh"),
    ("Elif", "Demir", "tr"),
    ("Mia", "Larsen", "en"),
];

pub(crate) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// `\d+:[A-Za-z0-9_-]{30,}`, and the number in front.
pub(crate) fn bot_id(token: &str) -> Option<i64> {
    let (id, secret) = token.split_once(':')?;
    let shaped = secret.len() >= 30
        && secret
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if shaped && id.len() <= 16 && !id.is_empty() {
        digits(id).eq(id).then(|| id.parse().ok()).flatten()
    } else {
        None
    }
}

fn account(key: &str, name: String, address: String, kind: AccountKind) -> Account {
    Account {
        key: key.to_owned(),
        name,
        address,
        knobs: Knobs::default(),
        counters: Counters::default(),
        kind,
    }
}

impl World {
    pub(crate) fn add_bot(&mut self, id: i64, bot: &Bot) -> String {
        let key = format!("telegram:{id}");
        let username = bot.username.clone().unwrap_or_else(|| format!("simulated_{id}_bot"));
        let next_update_id = 90_000_000 + i64::try_from(self.tick()).unwrap_or_default();
        let state = TelegramBot {
            id,
            token: bot.token.clone(),
            username: username.clone(),
            next_update_id,
            ..TelegramBot::default()
        };
        let name = bot.name.clone().unwrap_or_else(|| format!("Simulated bot {id}"));
        let new = account(
            &key,
            name,
            format!("@{username}"),
            AccountKind::Telegram(Box::new(state)),
        );
        self.accounts.insert(key.clone(), new);
        key
    }

    /// A number with whatever is known about it.
    pub(crate) fn add_number(&mut self, phone_number_id: &str, waba_id: &str) -> String {
        let key = format!("whatsapp:{phone_number_id}");
        let display = format!("1555010{:04}", self.tick() % 10_000);
        let state = WhatsappNumber {
            phone_number_id: phone_number_id.to_owned(),
            waba_id: waba_id.to_owned(),
            app_secret: DEFAULT_APP_SECRET.to_owned(),
            display_phone_number: display.clone(),
            ..WhatsappNumber::default()
        };
        let new = account(
            &key,
            format!(
                "Simulated business {}",
                &phone_number_id[phone_number_id.len().saturating_sub(4)..]
            ),
            format!("+{display}"),
            AccountKind::Whatsapp(Box::new(state)),
        );
        self.accounts.insert(key.clone(), new);
        whatsapp::templates::seed(self, waba_id);
        key
    }

    pub(crate) fn add_phone(&mut self, new: NewPhone) -> Result<Phone> {
        let number = self.tick();
        let id = new.id.unwrap_or_else(|| format!("p{number}"));
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            return Err(Error::Refused(
                "A phone's id has only letters, digits, - and _.".to_owned(),
            ));
        }
        let suggestion = NAMES[self.phones.len() % NAMES.len()];
        let named = new.first_name.is_some();
        let first_name = new.first_name.unwrap_or_else(|| suggestion.0.to_owned());
        let last_name = new
            .last_name
            .unwrap_or_else(|| if named { String::new() } else { suggestion.1.to_owned() });
        let phone = digits(&new.phone.unwrap_or_else(|| format!("4477009{number:05}")));
        let phone = Phone {
            username: new.username.map(|u| u.trim_start_matches('@').to_owned()),
            telegram_id: new
                .telegram_id
                .unwrap_or(5_012_000_000 + i64::try_from(number).unwrap_or_default()),
            bsuid: new.bsuid.unwrap_or_else(|| format!("GB.7001{number:016}")),
            custom_id: new.custom_id.unwrap_or_else(|| format!("customer-{number}")),
            language: new.language.unwrap_or_else(|| {
                if named {
                    "en".to_owned()
                } else {
                    suggestion.2.to_owned()
                }
            }),
            country: new.country.unwrap_or_else(|| "GB".to_owned()),
            email: new.email,
            hides_phone: new.hides_phone,
            seq: number,
            id: id.clone(),
            first_name,
            last_name,
            phone,
        };
        let clash = self.phones.values().find(|p| {
            p.id != id
                && (p.phone == phone.phone || p.telegram_id == phone.telegram_id || p.custom_id == phone.custom_id)
        });
        if let Some(clash) = clash {
            return Err(Error::Refused(format!(
                "{} already has this number or id; give another.",
                clash.name()
            )));
        }
        self.phones.insert(id, phone.clone());
        Ok(phone)
    }
}

impl Simulator {
    /// Makes or updates a WhatsApp number and returns its account key, `whatsapp:{phone_number_id}`.
    pub async fn register_whatsapp(&self, new: WhatsappAccount) -> Result<String> {
        for (what, id) in [("phone_number_id", &new.phone_number_id), ("waba_id", &new.waba_id)] {
            if id.is_empty() || digits(id) != *id {
                return Err(Error::Refused(format!(
                    "{what} has only digits, such as 204400000000011."
                )));
            }
        }
        let key = self.write(|world| {
            let key = format!("whatsapp:{}", new.phone_number_id);
            if !world.accounts.contains_key(&key) {
                world.add_number(&new.phone_number_id, &new.waba_id);
            }
            whatsapp::templates::seed(world, &new.waba_id);
            if let Some(account) = world.accounts.get_mut(&key) {
                if let Some(name) = new.name {
                    account.name = name;
                }
                if let Some(display) = &new.display_phone_number {
                    account.address = format!("+{}", digits(display));
                }
            }
            if let Some(number) = world.whatsapp_mut(&key) {
                number.phone_guessed = false;
                number.waba_guessed = false;
                number.waba_id = new.waba_id;
                number.app_secret = new.app_secret.unwrap_or_else(|| number.app_secret.clone());
                number.verify_token = new.verify_token.unwrap_or_else(|| number.verify_token.clone());
                number.access_token = new.access_token.or_else(|| number.access_token.clone());
                if let Some(display) = new.display_phone_number {
                    number.display_phone_number = digits(&display);
                }
                if let Some(url) = new.webhook_url {
                    number.webhook_url = Some(url);
                    number.subscribed = true;
                }
            }
            key
        });
        self.tell_accounts();
        Ok(key)
    }

    /// Makes or replaces a bridge and returns its account key, `custom:{bridge}`.
    pub async fn register_bridge(&self, new: Bridge) -> Result<String> {
        if new.bridge.is_empty()
            || !new
                .bridge
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        {
            return Err(Error::Refused(
                "A bridge's name has only letters, digits, - and _.".to_owned(),
            ));
        }
        let id_type = new.id_type.unwrap_or_else(|| "phone".to_owned());
        if id_type != "phone" && id_type != "custom" {
            return Err(Error::Refused("A bridge's id_type is phone or custom.".to_owned()));
        }
        let key = format!("custom:{}", new.bridge);
        self.write(|world| {
            let state = BridgeState {
                bridge: new.bridge.clone(),
                channel_id: new.channel_id,
                token: new.token,
                webhook_url: new.webhook_url,
                id_type,
            };
            let kind = AccountKind::Custom(Box::new(state));
            let name = new.name.unwrap_or_else(|| format!("Bridge {}", new.bridge));
            match world.accounts.get_mut(&key) {
                Some(old) => {
                    old.name = name;
                    old.kind = kind;
                }
                None => {
                    let new = account(&key, name, new.bridge, kind);
                    world.accounts.insert(key.clone(), new);
                }
            }
        });
        self.tell_accounts();
        Ok(key)
    }

    /// Makes a bot before its first call and returns its account key, `telegram:{bot id}`.
    pub async fn register_bot(&self, new: Bot) -> Result<String> {
        let Some(id) = bot_id(&new.token) else {
            return Err(Error::Refused(
                "A bot token looks like 7000000001:followed by 30 or more letters, digits, _ or -.".to_owned(),
            ));
        };
        let key = self.write(|world| match world.telegram_mut(&format!("telegram:{id}")) {
            Some(bot) => {
                bot.token = new.token.clone();
                bot.username = new.username.clone().unwrap_or_else(|| bot.username.clone());
                let key = format!("telegram:{id}");
                if let (Some(account), Some(name)) = (world.accounts.get_mut(&key), new.name) {
                    account.name = name;
                }
                key
            }
            None => world.add_bot(id, &new),
        });
        self.tell_accounts();
        Ok(key)
    }

    /// Makes a customer's phone.
    pub async fn add_phone(&self, new: NewPhone) -> Result<Phone> {
        let phone = self.write(|world| world.add_phone(new))?;
        self.tell(&serde_json::json!({"type": "phones"}));
        Ok(phone)
    }

    pub async fn phones(&self) -> Vec<Phone> {
        let mut phones: Vec<Phone> = self.read(|world| world.phones.values().cloned().collect());
        phones.sort_by_key(|phone| phone.seq);
        phones
    }

    pub async fn accounts(&self) -> Vec<Account> {
        self.read(|world| world.accounts.values().cloned().collect())
    }

    /// Removes an account with its chats. False if there was none.
    pub async fn remove_account(&self, key: &str) -> bool {
        let removed = self.write(|world| {
            world.chats.remove(key);
            world.accounts.remove(key).is_some()
        });
        self.inner.queues().forget(Some(key));
        self.tell_accounts();
        removed
    }
}

impl Account {
    /// The account for the page and the control API: with what it is, without its secrets.
    pub fn public(&self) -> Value {
        let (provider, facts) = match &self.kind {
            AccountKind::Telegram(bot) => (
                "telegram",
                serde_json::json!({
                    "bot_id": bot.id,
                    "username": bot.username,
                    "webhook_url": bot.webhook.as_ref().map(|w| &w.url),
                    "allowed_updates": bot.webhook.as_ref().map(|w| &w.allowed_updates),
                    "last_error": bot.last_error.as_ref().map(|(_, text)| text),
                }),
            ),
            AccountKind::Whatsapp(number) => (
                "whatsapp",
                serde_json::json!({
                    "phone_number_id": number.phone_number_id,
                    "waba_id": number.waba_id,
                    "display_phone_number": number.display_phone_number,
                    "webhook_url": number.callback(),
                    "subscribed": number.subscribed,
                }),
            ),
            AccountKind::Custom(bridge) => (
                "custom",
                serde_json::json!({
                    "bridge": bridge.bridge,
                    "channel_id": bridge.channel_id,
                    "id_type": bridge.id_type,
                    "webhook_url": bridge.webhook_url,
                }),
            ),
        };
        serde_json::json!({
            "key": self.key, "provider": provider, "name": self.name, "address": self.address, "facts": facts,
            "knobs": self.knobs, "counters": self.counters,
        })
    }
}
