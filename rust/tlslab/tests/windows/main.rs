//! Windows: the catalogue against the articles, names, `.reg` files, profiles and symptoms.

mod catalogue;
mod profiles;
mod reg;
mod symptoms;
