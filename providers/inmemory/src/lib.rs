//! DNS provider that keeps its zones in memory or in a file.
