//! The engine: asks every check, and makes sure that one broken check is never an outage.
