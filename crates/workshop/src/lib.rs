//! Everything around the lessons, in one program, `cargo workshop`: it starts the lessons as programs
//! and reads their records.

pub mod chart;
pub mod compare;
pub mod demo;
pub mod merge;
pub mod present;
pub mod programs;
pub mod record;
pub mod records;
pub mod run;
pub mod scaling;
pub mod steps;
pub mod truth;
