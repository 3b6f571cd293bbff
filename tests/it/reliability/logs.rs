use super::{Row, rows};
use tenant_sim::{Action, Fault, Service};

rows! {
    a_server_error_once: Row::new("Log Analytics fails once (503).")
        .script(|_| vec![Fault::on(Service::LogAnalytics, "OfficeActivity", Action::status(503))]);
}
