//! Sessions of a QEMU that does everything wrong.
//!
//! One program in several roles, chosen by the name it is started under (a symbolic link):
//!
//! ```text
//!   sessions --tests--> target::qemu --starts--> qemu-system-ppc = fake     a guest that does as its cases say
//!       '-----tests--> target::kvm  --starts--> the same     a Linux host whose guests do
//!       '--starts--> sprig gate --starts--> fake
//!       '--starts--> harness = a sprig to be killed        '--starts--> fake
//!       '--starts--> test-process = one of nextest's many  '--starts--> fake
//! ```

mod boot;
mod fake;
mod gate;
mod host;
mod kill;
mod shared;
mod stage;

use libtest_mimic::{Arguments, Trial};
use std::path::Path;
use std::process::ExitCode;

/// The names of the roles.
mod role {
    pub(crate) const QEMU: &str = "qemu-system-ppc";
    pub(crate) const HARNESS: &str = "harness";
    pub(crate) const TEST_PROCESS: &str = "test-process";
}

/// Makes a trial of each function, under its own name.
#[macro_export]
macro_rules! trials {
    ($module:ident: $($name:ident),* $(,)?) => {
        vec![$(libtest_mimic::Trial::test(concat!(stringify!($module), "::", stringify!($name)), || { $name(); Ok(()) })),*]
    };
}

fn main() -> ExitCode {
    let name = std::env::args_os().next().unwrap_or_default();
    match Path::new(&name).file_name().and_then(|name| name.to_str()) {
        Some(role::QEMU) => fake::main(),
        Some(role::HARNESS) => kill::harness(),
        Some(role::TEST_PROCESS) => shared::test_process(),
        _ => {
            let trials = [boot::trials(), gate::trials(), host::trials(), kill::trials(), shared::trials()];
            let trials: Vec<Trial> = trials.into_iter().flatten().collect();
            libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
        }
    }
}
