//! level3-gpu
