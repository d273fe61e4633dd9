//! Contacts: profiles, the state their list row shows, and how events change them.

use crate::content::Content;
use crate::conversation::ConversationStatus;
use crate::ids::{ChannelId, ContactChannelId, ContactId, MessageId, UserId, WorkspaceId};
use crate::inbound::{Identity, Profile};
use crate::message::{Direction, Status};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::{content, phone};
use serde_json::{Map, Value, json};

/// Most characters of a first or last name.
pub const MAX_NAME: usize = 100;
/// Characters of a message kept for the list row.
pub const PREVIEW_CHARS: usize = 160;

/// The profile of a customer, with what the inbox list shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub workspace_id: WorkspaceId,
    pub id: ContactId,
    pub first_name: String,
    pub last_name: String,
    /// A person typed the name: providers no longer overwrite it.
    pub name_edited: bool,
    /// E.164 with `+`.
    pub phone: Option<String>,
    pub email: Option<String>,
    /// ISO 639-1.
    pub language: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<String>,
    pub picture: Option<String>,
    pub assignee_id: Option<UserId>,
    pub is_blocked: bool,
    /// State of the open conversation, or closed.
    pub status: ConversationStatus,
    pub opened_at: Option<Timestamp>,
    pub snoozed_until: Option<Timestamp>,
    pub unread_count: i64,
    pub last_message_id: Option<MessageId>,
    pub last_message_direction: Option<Direction>,
    pub last_message_type: Option<String>,
    pub last_message_preview: Option<String>,
    pub last_message_status: Option<Status>,
    pub last_message_at: Option<Timestamp>,
    pub last_channel_id: Option<ChannelId>,
    pub last_incoming_at: Option<Timestamp>,
    /// Last message written by a person of the team.
    pub last_outgoing_human_at: Option<Timestamp>,
    /// Where the row stands in the list: its last message, or its creation.
    pub sort_at: Timestamp,
    /// Lower-case words for search.
    pub search_text: String,
    pub created_at: Timestamp,
    /// Grows with every change; a client never replaces a newer version by an older one.
    pub version: i64,
}

impl Contact {
    /// A contact of which nothing is known yet.
    #[must_use]
    pub fn new(workspace_id: WorkspaceId, id: ContactId, at: Timestamp) -> Self {
        Self {
            workspace_id,
            id,
            first_name: String::new(),
            last_name: String::new(),
            name_edited: false,
            phone: None,
            email: None,
            language: None,
            country_code: None,
            picture: None,
            assignee_id: None,
            is_blocked: false,
            status: ConversationStatus::Closed,
            opened_at: None,
            snoozed_until: None,
            unread_count: 0,
            last_message_id: None,
            last_message_direction: None,
            last_message_type: None,
            last_message_preview: None,
            last_message_status: None,
            last_message_at: None,
            last_channel_id: None,
            last_incoming_at: None,
            last_outgoing_human_at: None,
            sort_at: at,
            search_text: String::new(),
            created_at: at,
            version: 0,
        }
    }

    /// What to call the contact: the name, else phone, else e-mail, else a short number.
    #[must_use]
    pub fn display_name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        let name = name.trim();
        if !name.is_empty() {
            return name.to_owned();
        }
        self.phone
            .clone()
            .or_else(|| self.email.clone())
            .unwrap_or_else(|| format!("Visitor {:04}", (self.id.0 >> 6) % 10_000))
    }

    /// Fills in what a provider says about the person; never overwrites what is known, except a name that only
    /// providers have set. Returns what changed as `{field: [old, new]}`.
    pub fn learn(&mut self, profile: &Profile) -> Map<String, Value> {
        let before = self.clone();
        let (first, last) = names(profile);
        let named = !first.is_empty() || !last.is_empty();
        if named && !self.name_edited {
            self.first_name = first;
            self.last_name = last;
        }
        fill(&mut self.phone, profile.phone.as_deref().and_then(phone::normalise));
        fill(
            &mut self.email,
            profile.email.as_deref().and_then(|email| check_email(email).ok()),
        );
        fill(&mut self.language, profile.language.as_deref().and_then(language_code));
        fill(
            &mut self.country_code,
            profile.country_code.as_deref().and_then(country_code),
        );
        if self.country_code.is_none() {
            self.country_code = self.phone.as_deref().and_then(phone::country).map(str::to_owned);
        }
        if profile.picture.is_some() {
            self.picture.clone_from(&profile.picture);
        }
        self.refresh_search();
        self.changes_since(&before)
    }

    /// Sets the words search looks at.
    pub fn refresh_search(&mut self) {
        let digits: String = self
            .phone
            .iter()
            .flat_map(|phone| phone.chars())
            .filter(char::is_ascii_digit)
            .collect();
        let parts = [
            &self.first_name,
            &self.last_name,
            self.email.as_deref().unwrap_or_default(),
            &digits,
        ];
        let mut text = String::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&fold(part));
        }
        self.search_text = text;
    }

    /// Shows a message in the list row. A message older than the one shown changes nothing there.
    pub fn show_message(&mut self, message: &crate::message::Message) {
        self.last_channel_id = Some(message.channel_id);
        match message.direction {
            Direction::Incoming => {
                self.unread_count += 1;
                self.last_incoming_at = self.last_incoming_at.max(Some(message.created_at));
            }
            Direction::Outgoing if message.sender_source == crate::message::SenderSource::User => {
                self.last_outgoing_human_at = self.last_outgoing_human_at.max(Some(message.created_at));
            }
            Direction::Outgoing => {}
        }
        if self.last_message_id.is_none_or(|last| last <= message.id) {
            self.last_message_id = Some(message.id);
            self.last_message_direction = Some(message.direction);
            self.last_message_type = Some(list_type(&message.content).to_owned());
            self.last_message_preview = Some(preview(&message.content));
            self.last_message_status = message.status;
            self.last_message_at = Some(message.created_at);
            self.sort_at = self.sort_at.max(message.created_at);
        }
    }
}

/// The type shown in the list row: attachments are told apart by their kind.
#[must_use]
pub fn list_type(content: &Content) -> &'static str {
    content
        .attachment()
        .map_or_else(|| content.type_name(), |attachment| attachment.kind.as_str())
}

/// One line of a message for the list.
#[must_use]
pub fn preview(content: &Content) -> String {
    let words = content.words();
    let mut line = String::new();
    for word in words.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().count() > PREVIEW_CHARS {
            return line.chars().take(PREVIEW_CHARS).chain(['…']).collect();
        }
    }
    line
}

/// A contact's identity on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactChannel {
    pub workspace_id: WorkspaceId,
    pub id: ContactChannelId,
    pub contact_id: ContactId,
    pub channel_id: ChannelId,
    /// Every identity known, the address to send to first.
    pub identities: Vec<Identity>,
    pub last_incoming_at: Option<Timestamp>,
    pub last_message_at: Option<Timestamp>,
    /// The customer blocked or unsubscribed.
    pub stopped_at: Option<Timestamp>,
    /// Newest message the customer has seen here, where the channel tells (the website widget).
    pub read_up_to: Option<MessageId>,
    pub created_at: Timestamp,
}

impl ContactChannel {
    /// Adds identities not yet known. Returns the new ones.
    pub fn add_identities(&mut self, identities: &[Identity]) -> Vec<Identity> {
        let mut new = Vec::new();
        for identity in identities {
            if !self.identities.contains(identity) {
                self.identities.push(identity.clone());
                new.push(identity.clone());
            }
        }
        new
    }
}

/// When the reply window closes, given the channel's rule. A safety margin of a minute is kept, because the provider's
/// clock decides.
#[must_use]
pub fn window_closes_at(window_hours: Option<i64>, last_incoming_at: Option<Timestamp>) -> Option<Timestamp> {
    let hours = window_hours?;
    Some(last_incoming_at.map_or(Timestamp(0), |at| at.plus(hours * Timestamp::HOUR - Timestamp::MINUTE)))
}

/// Changes to a profile by a person or the API. `Some(None)` clears.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileChange {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub language: Option<Option<String>>,
    pub country_code: Option<Option<String>>,
}

impl Contact {
    /// Applies a change by hand. Returns what changed as `{field: [old, new]}`; empty when nothing did.
    ///
    /// # Errors
    /// Names the field whose value cannot be used.
    pub fn change(&mut self, change: &ProfileChange) -> Result<Map<String, Value>, Refusal> {
        let before = self.clone();
        if let Some(name) = &change.first_name {
            self.first_name = check_name("first_name", name)?;
            self.name_edited = true;
        }
        if let Some(name) = &change.last_name {
            self.last_name = check_name("last_name", name)?;
            self.name_edited = true;
        }
        if let Some(value) = &change.phone {
            self.phone = match value.as_deref().map(str::trim) {
                None | Some("") => None,
                Some(text) => Some(phone::normalise(text).ok_or_else(|| {
                    Refusal::field(
                        "phone",
                        "Write the phone number with its country code, such as +60123456789.",
                    )
                })?),
            };
            if self.phone.is_some() && change.country_code.is_none() && self.country_code.is_none() {
                self.country_code = self.phone.as_deref().and_then(phone::country).map(str::to_owned);
            }
        }
        if let Some(value) = &change.email {
            self.email = match value.as_deref().map(str::trim) {
                None | Some("") => None,
                Some(text) => Some(check_email(text)?),
            };
        }
        if let Some(value) = &change.language {
            self.language = match value.as_deref().map(str::trim) {
                None | Some("") => None,
                Some(text) => Some(
                    language_code(text)
                        .ok_or_else(|| Refusal::field("language", "Use a two-letter language code such as en."))?,
                ),
            };
        }
        if let Some(value) = &change.country_code {
            self.country_code = match value.as_deref().map(str::trim) {
                None | Some("") => None,
                Some(text) => Some(
                    country_code(text)
                        .ok_or_else(|| Refusal::field("country_code", "Use a two-letter country code such as MY."))?,
                ),
            };
        }
        self.refresh_search();
        Ok(self.changes_since(&before))
    }

    /// What differs from an earlier state of the profile, as `{field: [old, new]}`.
    #[must_use]
    pub fn changes_since(&self, before: &Self) -> Map<String, Value> {
        let mut changes = Map::new();
        let mut note = |field: &str, old: Value, new: Value| {
            if old != new {
                changes.insert(field.to_owned(), json!([old, new]));
            }
        };
        note("first_name", json!(before.first_name), json!(self.first_name));
        note("last_name", json!(before.last_name), json!(self.last_name));
        note("phone", json!(before.phone), json!(self.phone));
        note("email", json!(before.email), json!(self.email));
        note("language", json!(before.language), json!(self.language));
        note("country_code", json!(before.country_code), json!(self.country_code));
        changes
    }
}

/// First and last name from what a provider knows; control characters removed, the username as a last resort.
fn names(profile: &Profile) -> (String, String) {
    let clean = |text: &Option<String>| {
        let text: String = text
            .iter()
            .flat_map(|text| text.chars())
            .filter(|c| !c.is_control())
            .collect();
        text.trim().chars().take(MAX_NAME).collect::<String>()
    };
    let (first, last) = (clean(&profile.first_name), clean(&profile.last_name));
    if first.is_empty() && last.is_empty() {
        (clean(&profile.username), String::new())
    } else {
        (first, last)
    }
}

fn fill(slot: &mut Option<String>, value: Option<String>) {
    if slot.is_none() && value.is_some() {
        *slot = value;
    }
}

fn check_name(field: &'static str, name: &str) -> Result<String, Refusal> {
    let name = content::clean_text(name.trim());
    if name.chars().count() > MAX_NAME {
        return Err(Refusal::field(field, format!("Keep it to {MAX_NAME} characters.")));
    }
    Ok(name)
}

/// Checks an e-mail address for the shape `local@domain.tld` and returns it in lower case.
///
/// # Errors
/// When it cannot be an address.
pub fn check_email(text: &str) -> Result<String, Refusal> {
    let email = text.trim().to_lowercase();
    let wrong = || Refusal::field("email", "Write the e-mail address like name@example.com.");
    let (local, domain) = email.rsplit_once('@').ok_or_else(wrong)?;
    let fine = !local.is_empty()
        && email.len() <= 254
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty() && label.len() <= 63)
        && !email
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | ','));
    if fine { Ok(email) } else { Err(wrong()) }
}

/// The two-letter language of a tag such as `pt-BR`.
#[must_use]
pub fn language_code(tag: &str) -> Option<String> {
    let code = tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    (code.len() == 2 && code.chars().all(|c| c.is_ascii_lowercase())).then_some(code)
}

fn country_code(text: &str) -> Option<String> {
    let code = text.trim().to_uppercase();
    (code.len() == 2 && code.chars().all(|c| c.is_ascii_uppercase())).then_some(code)
}

/// Lower case for comparing; used for what is stored and for what is searched alike.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact() -> Contact {
        Contact::new(WorkspaceId(1), ContactId(64), Timestamp(1))
    }

    #[test]
    fn a_provider_fills_in_but_never_overwrites_a_typed_name() {
        let mut mia = contact();
        let profile = |name: &str| Profile {
            first_name: Some(name.into()),
            ..Profile::default()
        };
        assert_eq!(mia.learn(&profile("mia\u{7}"))["first_name"], json!(["", "mia"]));
        assert_eq!(mia.display_name(), "mia");
        mia.change(&ProfileChange {
            first_name: Some("Mia O.".into()),
            ..ProfileChange::default()
        })
        .unwrap();
        assert!(mia.learn(&profile("John Doe")).is_empty());
        assert_eq!(mia.display_name(), "Mia O.");
    }

    #[test]
    fn an_empty_name_falls_back_to_phone_email_and_number() {
        let mut someone = contact();
        assert_eq!(someone.display_name(), "Visitor 0001");
        someone.email = Some("a@b.co".into());
        assert_eq!(someone.display_name(), "a@b.co");
        someone.phone = Some("+60123456789".into());
        assert_eq!(someone.display_name(), "+60123456789");
    }

    #[test]
    fn a_change_reports_old_and_new_and_refuses_nonsense() {
        let mut mia = contact();
        let change = ProfileChange {
            phone: Some(Some("+60 12-345 6789".into())),
            ..ProfileChange::default()
        };
        let changes = mia.change(&change).unwrap();
        assert_eq!(changes["phone"], json!([null, "+60123456789"]));
        assert_eq!(mia.country_code.as_deref(), Some("MY"));
        assert!(mia.change(&change).unwrap().is_empty());
        let bad = ProfileChange {
            email: Some(Some("nobody".into())),
            ..ProfileChange::default()
        };
        assert_eq!(mia.change(&bad).unwrap_err().field.as_deref(), Some("email"));
    }

    #[test]
    fn preview_is_one_line() {
        assert_eq!(preview(&Content::text("a\n\n  b\tc")), "a b c");
        assert!(preview(&Content::text("x".repeat(500))).chars().count() <= PREVIEW_CHARS + 1);
    }

    #[test]
    fn windows_close_a_minute_early_and_are_closed_before_the_first_message() {
        assert_eq!(window_closes_at(None, None), None);
        assert_eq!(window_closes_at(Some(24), None), Some(Timestamp(0)));
        let at = Timestamp(10 * Timestamp::DAY);
        assert_eq!(
            window_closes_at(Some(24), Some(at)),
            Some(at.plus(Timestamp::DAY - Timestamp::MINUTE))
        );
    }
}
