//! The simulator alone: `cargo run -p ism-simulator --example simulator -- 127.0.0.1:9000 [state.json]`.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await?;
    let options = ism_simulator::Options {
        state_file: arguments.next().map(Into::into),
        ..Default::default()
    };
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    ism_simulator::serve(listener, options, interrupted).await?;
    Ok(())
}
