//! What we know about a cluster, and how we judge it.
