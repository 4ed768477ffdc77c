//! Level 1.
