//! stub
use crate::failure::Failure;
mod clock;
pub use clock::TimeMachine;
pub const OWNER_EMAIL: &str = "owner@northwind.example";
pub const PASSWORD: &str = "northwind-coffee";
pub async fn fill(_: &ism_services::Services, _: &ism_simulator::Simulator, _: &TimeMachine) -> Result<(), Failure> {
    Ok(())
}
