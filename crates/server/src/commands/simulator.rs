//! `simulator`: the provider side alone.

use crate::cli::Simulator;
use crate::failure::Failure;
use crate::{output, serve};
use tokio_util::sync::CancellationToken;

/// Runs it until a signal comes.
///
/// # Errors
/// When it cannot listen, or its state cannot be read or written.
pub async fn run(arguments: &Simulator) -> Result<(), Failure> {
    let listener = serve::listen_on(&arguments.listen, "--listen").await?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::new("listen", format!("Cannot listen: {error}.")))?;
    let options = ism_simulator::Options {
        state_file: arguments.state.clone(),
        public_url: arguments.url.clone(),
        ..ism_simulator::Options::default()
    };
    let simulator = ism_simulator::Simulator::new(options)?;
    let stop = CancellationToken::new();
    serve::stop_on_signal(stop.clone())?;
    output::line(format!("Simulator: {}", serve::simulator_url(address)));
    ism_simulator::serve_with(listener, simulator, stop.cancelled_owned()).await?;
    Ok(())
}
