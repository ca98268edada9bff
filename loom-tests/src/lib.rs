//! Models of corecast under loom; see README.md.
