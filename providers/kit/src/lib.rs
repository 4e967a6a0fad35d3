//! What every DNS provider shares: traits, errors, zone matching, test battery.
