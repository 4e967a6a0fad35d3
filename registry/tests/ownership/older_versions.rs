//! Zones as older versions wrote them.
