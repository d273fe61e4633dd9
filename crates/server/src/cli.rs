//! The command line.

use crate::config::Flags;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// One inbox for a company's agents, on every channel their customers use.
#[derive(Parser)]
#[command(
    name = "is-messenger",
    version,
    max_term_width = 110,
    after_help = "\
Examples:
  is-messenger serve --sample --simulator 127.0.0.1:8090
      Try it: sample customers, and a simulator that plays the providers.

  is-messenger init --email you@example.com --workspace \"My company\"
  is-messenger serve --public-url https://chat.example.com
      A real installation on SQLite in ./data. The password of init is taken from ISM_PASSWORD or --password.

  is-messenger serve --database postgres://ism:…@db/ism --nats nats://nats:4222
      One of several nodes on PostgreSQL.

Settings are taken from flags, then the environment (ISM_…), then is-messenger.toml in the data directory;
see `is-messenger config show --default`. Results go to standard output, logs to standard error.
Exit codes: 0 done, 1 failed or broken, 2 wrong usage."
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args)]
pub struct Global {
    /// Folder of the SQLite database, the attachments and secret.key [default: ./data] [env: ISM_DATA]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    data: Option<String>,
    /// PostgreSQL instead of SQLite: postgres://user:password@host/database [env: ISM_DATABASE]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    database: Option<String>,
    /// Configuration file [default: is-messenger.toml in the data folder, if it is there] [env: ISM_CONFIG]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub config: Option<PathBuf>,
    /// Where people and providers reach the server [default: as the server last ran] [env: ISM_PUBLIC_URL]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    public_url: Option<String>,
    /// Print results and errors as one line of JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Run the server
    Serve(Serve),
    /// Make the first owner, organization and workspace
    Init(Init),
    /// Connect channels, list them
    #[command(subcommand)]
    Channel(Channel),
    /// Make tokens for the Developer API
    #[command(subcommand)]
    Token(Token),
    /// Recount the invariants of the data; exit 1 if one is broken
    Verify,
    /// Bring the database's schema up to date, as the server does when it starts
    Migrate(Migrate),
    /// Look at everything an installation needs, and say what to do where something is wrong
    Doctor,
    /// Check or show the configuration
    #[command(subcommand)]
    Config(Config),
    /// Run the simulator alone: it plays Telegram, WhatsApp and custom channels, with a phone to write from
    Simulator(Simulator),
    /// Measure: put load on a server of its own, count afterwards whether all is there once; exit 1 if not
    #[command(subcommand)]
    Bench(ism_bench::Workload),
}

#[derive(Args)]
#[command(after_help = "\
Stop it with Ctrl-C or SIGTERM: it finishes what is in flight; a second signal ends it at once.

Examples:
  is-messenger serve
  is-messenger serve --listen 0.0.0.0:8080 --public-url https://chat.example.com
  is-messenger serve --simulator 127.0.0.1:8090 --sample")]
pub struct Serve {
    /// Address and port to serve on [default: 127.0.0.1:8080] [env: ISM_LISTEN]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// NATS servers that connect several nodes: nats://host:4222 [env: ISM_NATS]
    #[arg(long, value_name = "URL")]
    nats: Option<String>,
    /// Also run the simulator, on this address and port [env: ISM_SIMULATOR]
    #[arg(long, value_name = "ADDR")]
    simulator: Option<String>,
    /// Fill a new installation with a sample company, its customers and conversations; needs the simulator
    #[arg(long)]
    pub sample: bool,
}

#[derive(Args)]
#[command(after_help = "\
Example:
  ISM_PASSWORD='a long one' is-messenger init --email you@example.com --workspace \"My company\" --json
  {\"organization_id\":…,\"workspace_id\":…,\"user_id\":…}")]
pub struct Init {
    /// The owner signs in with this address
    #[arg(long)]
    pub email: String,
    /// Ten characters or more; better given as ISM_PASSWORD, as other users of the machine can see flags
    #[arg(long)]
    pub password: Option<String>,
    /// Name of the company or team
    #[arg(long, value_name = "NAME")]
    pub workspace: String,
}

#[derive(Subcommand)]
pub enum Channel {
    /// Connect a channel; works beside a running server, which serves it within seconds
    Connect(Connect),
    /// The channels of a workspace, or of all
    List {
        /// Only this workspace
        #[arg(long, value_name = "ID")]
        workspace: Option<i64>,
    },
}

#[derive(Args)]
#[command(after_help = "\
Keys by source (* needed):
  telegram         bot_token*  base_url
  whatsapp_cloud   access_token*  phone_number_id*  waba_id*  app_secret*  verify_token  base_url
  website_chat     color  greeting  position  locale  allowed_origins  require_identity
  custom_channel   base_url*  id_type* (phone or custom)
base_url points a channel at another host: a proxy, a provider's own server, a test peer. Given here it may lie in a
private network. A value @FILE is read from the file, so that a secret need not stand on the command line.

Examples:
  is-messenger channel connect --workspace 1790… --source telegram --set bot_token=@token.txt
  is-messenger channel connect --workspace 1790… --source website_chat --set allowed_origins=https://shop.example
  is-messenger channel connect --workspace 1790… --source whatsapp_cloud --simulated")]
pub struct Connect {
    /// Id of the workspace, as init printed it
    #[arg(long, value_name = "ID")]
    pub workspace: i64,
    /// telegram, whatsapp_cloud, website_chat or custom_channel
    #[arg(long)]
    pub source: String,
    /// A setting of the channel; repeat for more
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// What agents see [default: as the provider calls it]
    #[arg(long)]
    pub name: Option<String>,
    /// Let the simulator of the running server play the provider; no credentials are needed
    #[arg(long)]
    pub simulated: bool,
    /// Fail when the provider refuses or cannot be reached; without this the channel is kept and a warning given
    #[arg(long)]
    pub strict: bool,
}

#[derive(Subcommand)]
pub enum Token {
    /// Make a token; it is shown once
    Create {
        /// Id of the workspace
        #[arg(long, value_name = "ID")]
        workspace: i64,
        /// What it is for
        #[arg(long)]
        name: String,
    },
}

#[derive(Args)]
pub struct Migrate {
    /// Only say which steps are missing; exit 1 if there are any
    #[arg(long)]
    pub check: bool,
}

#[derive(Subcommand)]
pub enum Config {
    /// Check the configuration; exit 1 if it has a mistake
    Check,
    /// Show the effective values and where each came from; secrets are masked
    Show {
        /// Show a file with every setting and its default instead
        #[arg(long)]
        default: bool,
    },
}

#[derive(Args)]
#[command(after_help = "\
Open the address in a browser for the phone page; /sim/api explains how programs drive it.

Example:
  is-messenger simulator --listen 127.0.0.1:8090")]
pub struct Simulator {
    /// Address and port to serve on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    pub listen: String,
    /// The address the product reaches it at, if that is another
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Keep accounts, phones and chats in this file; without it, in memory only
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
}

impl Cli {
    /// The settings that flags give.
    pub fn flags(&self) -> Flags {
        let mut flags = vec![
            ("data", self.global.data.clone()),
            ("database", self.global.database.clone()),
            ("public_url", self.global.public_url.clone()),
        ];
        if let Command::Serve(serve) = &self.command {
            flags.push(("listen", serve.listen.clone()));
            flags.push(("nats", serve.nats.clone()));
            flags.push(("simulator", serve.simulator.clone()));
        }
        flags
    }
}
