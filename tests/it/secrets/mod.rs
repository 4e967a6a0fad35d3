//! No secret is ever shown: every one that the program can be given is a canary here, whoever it talks to says no and quotes
//! everything, files are broken on the very line that holds the secret, and all that the program says is searched.

mod cluster;
mod echo;
mod files;
mod providers;
mod runs;
