//! The embedded reference hypervisor.
#![forbid(unsafe_code)]
