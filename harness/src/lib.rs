//! Sprig: a conformance suite for PowerPC hypervisors.
#![forbid(unsafe_code)]
