//! Client of the ExternalDNS webhook provider protocol.
