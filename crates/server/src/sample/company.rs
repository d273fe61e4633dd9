//! Northwind Coffee itself: colleagues, categories, channels.

use super::cast::{CATEGORIES, CUSTOMERS};
use super::script::{Via, Who};
use crate::failure::Failure;
use ism_domain::access::Role;
use ism_domain::conversation::ClosingNoteMode;
use ism_domain::{CategoryId, ChannelId, UserId, WorkspaceId};
use ism_services::accounts::{SignedIn, WorkspaceChange};
use ism_services::channels::{Connection, Live};
use ism_services::{Member, Services};
use ism_simulator::{Bot, NewPhone, Simulator};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// The owner signs in with this.
pub const OWNER_EMAIL: &str = "owner@northwind.example";
/// Everyone's password.
pub const PASSWORD: &str = "northwind-coffee";
/// The address that signs in while the sample is made.
const ADDRESS: &str = "127.0.0.1";
/// The simulated bot; the token means nothing anywhere else.
const BOT_TOKEN: &str = "7000000001:SIMULATED_northwind_coffee_sample";
/// Telegram's ids of the customers count from here.
pub const TELEGRAM_IDS: i64 = 5_100_000_000;
/// Reads like the telephone number the simulator shows for it.
const WHATSAPP_NUMBER: &str = "441632960961";

/// A connected channel, and its account at the simulator.
pub struct Line {
    pub live: Arc<Live>,
    /// Empty on the website, which has no provider.
    pub account: String,
}

/// What the conversations need.
pub struct Company {
    pub workspace: WorkspaceId,
    people: HashMap<&'static str, Member>,
    categories: HashMap<String, CategoryId>,
    lines: HashMap<&'static str, Line>,
}

impl Company {
    pub fn member(&self, who: Who) -> Result<Member, Failure> {
        self.people.get(name(who)).copied().ok_or_else(|| missing(name(who)))
    }

    pub fn user(&self, who: Who) -> Result<UserId, Failure> {
        Ok(self.member(who)?.user)
    }

    pub fn line(&self, via: Via) -> Result<&Line, Failure> {
        self.lines.get(source(via)).ok_or_else(|| missing(source(via)))
    }

    pub fn category(&self, category: &str) -> Option<CategoryId> {
        self.categories.get(category).copied()
    }
}

fn missing(what: &str) -> Failure {
    Failure::new("sample", format!("The sample has no {what}."))
}

const fn name(who: Who) -> &'static str {
    match who {
        Who::Olivia => "Olivia",
        Who::Marcus => "Marcus",
        Who::Aisha => "Aisha",
    }
}

const fn source(via: Via) -> &'static str {
    match via {
        Via::Telegram => "telegram",
        Via::Whatsapp => "whatsapp_cloud",
        Via::Website => "website_chat",
        Via::Wholesale => "custom_channel",
    }
}

/// Founds the company.
///
/// # Errors
/// When a step is refused.
pub async fn found(services: &Services, simulator: &Simulator) -> Result<Company, Failure> {
    let made = services.initialise(OWNER_EMAIL, PASSWORD, "Northwind Coffee").await?;
    let workspace = made.workspace_id;
    // Nobody has to be signed in to be somebody.
    let signed_in = SignedIn {
        session_id: 0,
        user: made.user_id,
    };
    services
        .change_me(&signed_in, Some("Olivia".to_owned()), Some("Hart".to_owned()), None)
        .await?;
    let owner = services.member(made.user_id, workspace).await?;
    let change = WorkspaceChange {
        timezone: Some("Europe/London".to_owned()),
        closing_note_mode: Some(ClosingNoteMode::Optional),
        ..WorkspaceChange::default()
    };
    services.change_workspace(owner, change).await?;

    let mut people = HashMap::from([(name(Who::Olivia), owner)]);
    for (who, last_name, email, role) in [
        (Who::Marcus, "Bell", "marcus@northwind.example", Role::Manager),
        (Who::Aisha, "Rahman", "aisha@northwind.example", Role::Agent),
    ] {
        people.insert(
            name(who),
            hire(services, owner, (name(who), last_name), email, role).await?,
        );
    }

    let mut categories = HashMap::new();
    for (name, description) in CATEGORIES {
        let category = services
            .add_closing_category(owner, (*name).to_owned(), (*description).to_owned())
            .await?;
        categories.insert(category.name, category.id);
    }

    register_phones(simulator).await?;
    let bot = Bot {
        token: BOT_TOKEN.to_owned(),
        username: Some("northwind_coffee_bot".to_owned()),
        name: Some("Northwind Coffee".to_owned()),
    };
    simulator.register_bot(bot).await?;
    let mut lines = HashMap::new();
    for (via, name, settings) in [
        (Via::Telegram, "Telegram", json!({ "bot_token": BOT_TOKEN })),
        (Via::Whatsapp, "WhatsApp", json!({ "phone_number_id": WHATSAPP_NUMBER })),
        (
            Via::Website,
            "northwind.example",
            json!({ "color": "#7c3f1d", "greeting": "Hello! Questions about coffee? We're happy to help." }),
        ),
        (Via::Wholesale, "Wholesale portal", json!({ "id_type": "custom" })),
    ] {
        lines.insert(
            source(via),
            connect(services, simulator, owner, via, name, settings).await?,
        );
    }
    Ok(Company {
        workspace,
        people,
        categories,
        lines,
    })
}

/// Invites a colleague, who accepts.
async fn hire(
    services: &Services,
    owner: Member,
    names: (&str, &str),
    email: &str,
    role: Role,
) -> Result<Member, Failure> {
    let invitation = services.invite(owner, email, role).await?;
    let url = invitation.url.unwrap_or_default();
    let token = url.rsplit('/').next().unwrap_or_default();
    let names = (names.0.to_owned(), names.1.to_owned());
    let session = services
        .accept_invitation(token, names, PASSWORD, ADDRESS, "sample data")
        .await?;
    let signed_in = services.session(&session).await?.ok_or_else(|| missing(email))?;
    // They sign in by themselves, later.
    services.sign_out(&signed_in).await?;
    Ok(services.member(signed_in.user, owner.workspace).await?)
}

async fn register_phones(simulator: &Simulator) -> Result<(), Failure> {
    for (number, customer) in (0..)
        .zip(CUSTOMERS.iter())
        .filter(|(_, customer)| customer.via != Via::Website)
    {
        simulator
            .add_phone(NewPhone {
                id: Some(customer.key.to_owned()),
                first_name: Some(customer.first.to_owned()),
                last_name: Some(customer.last.to_owned()),
                phone: Some(customer.phone.to_owned()),
                telegram_id: Some(TELEGRAM_IDS + number),
                // An id of WhatsApp starts with the person's country.
                bsuid: Some(format!("{}.{}", customer.country, 7_001_000_000_000_000 + number)),
                custom_id: Some(customer.key.to_owned()),
                language: Some(customer.language.to_owned()),
                country: Some(customer.country.to_owned()),
                ..NewPhone::default()
            })
            .await?;
    }
    Ok(())
}

async fn connect(
    services: &Services,
    simulator: &Simulator,
    owner: Member,
    via: Via,
    name: &str,
    settings: Value,
) -> Result<Line, Failure> {
    let config = match settings {
        Value::Object(config) => config,
        _ => Map::new(),
    };
    let connection = Connection {
        source: source(via).to_owned(),
        name: Some(name.to_owned()),
        config,
        simulated: via != Via::Website,
        trusted_base: false,
    };
    let id: ChannelId = services.connect_channel(owner, connection).await?.channel.id;
    let live = services.live_channel(id).await?;
    let account = match via {
        Via::Telegram => format!("telegram:{}", BOT_TOKEN.split(':').next().unwrap_or_default()),
        Via::Whatsapp => format!("whatsapp:{WHATSAPP_NUMBER}"),
        Via::Wholesale => format!("custom:{}", live.row.public_id),
        Via::Website => String::new(),
    };
    if via != Via::Website {
        // While the clock moves, statuses must not lag behind it.
        simulator.set_knobs(&account, |knobs| knobs.status_delay_ms = 0).await?;
    }
    Ok(Line { live, account })
}
