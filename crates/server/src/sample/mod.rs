//! The sample company of `serve --sample`: Northwind Coffee, its people, channels, customers and six days of conversations.
//!
//! Nothing is written around the product: colleagues are invited and accept, channels are connected to the simulator,
//! customers write on their simulated phones and arrive by webhook, agents answer through the use cases of the web app.
//! Only the clock is moved: it starts six days ago and reaches the present with the last message, so that the history
//! looks lived in. Simulator and database agree, and every chat can be gone on with on the phone page.

mod cast;
mod clock;
mod company;
mod play;
mod script;

pub use clock::TimeMachine;
pub use company::{OWNER_EMAIL, PASSWORD};

use crate::failure::Failure;
use ism_services::Services;
use ism_simulator::Simulator;
use ism_store::NO_WORKSPACE;
use ism_store::tables::settings;
use std::path::Path;

/// Name of the installation-wide value that says how far the sample data are.
const PROGRESS: &str = "sample_data";

/// Makes the sample data, unless the installation has an owner. Returns whether this is a sample, new or old.
///
/// # Errors
/// When they cannot be made; the sentence says what to do.
pub async fn fill(services: &Services, simulator: &Simulator, clock: &TimeMachine) -> Result<bool, Failure> {
    if services.is_initialised().await? {
        let progress = services
            .store
            .read(NO_WORKSPACE, |tx| settings::get(tx, PROGRESS))
            .await
            .map_err(Failure::from)?;
        match progress.as_deref() {
            Some("complete") => tracing::info!("the sample data are there already"),
            Some(_) => tracing::warn!(
                "making the sample data was cut off before; to have them whole, stop the server, delete {} and start again",
                services.settings.data.display()
            ),
            None => {
                tracing::warn!("this installation is not a sample: it keeps its data, and no sample data are added")
            }
        }
        return Ok(progress.is_some());
    }
    tracing::info!("making sample data, this takes some seconds");
    note(services, "begun").await?;
    let made = make(services, simulator, clock).await;
    clock.arrive();
    made.map_err(|failure| incomplete(&failure, &services.settings.data))?;
    note(services, "complete").await?;
    Ok(true)
}

async fn make(services: &Services, simulator: &Simulator, clock: &TimeMachine) -> Result<(), Failure> {
    clock.set_back(play::SPAN);
    let company = company::found(services, simulator).await?;
    play::play(services, simulator, clock, &company).await
}

async fn note(services: &Services, progress: &'static str) -> Result<(), Failure> {
    services
        .store
        .write(NO_WORKSPACE, move |tx| settings::set(tx, PROGRESS, progress))
        .await
        .map_err(|error: ism_store::Error| error.into())
}

fn incomplete(failure: &Failure, data: &Path) -> Failure {
    Failure::new(
        "sample",
        format!(
            "The sample data could not be completed. {} Delete {} and try again, or start without --sample.",
            failure.message,
            data.display()
        ),
    )
}
