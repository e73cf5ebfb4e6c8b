//! What every handler is given.

use std::ops::Deref;
use std::sync::Arc;

use latchkey_app::App;
use latchkey_app::reset::Brand;
use latchkey_http::Incoming;
use latchkey_i18n::Texts;

use crate::assets::Assets;
use crate::layout::Layout;

/// The state of the portals. Clones share it.
#[derive(Clone)]
pub(crate) struct Portal {
    app: App,
    pub(crate) assets: Arc<Assets>,
}

impl Deref for Portal {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl Portal {
    pub(crate) fn new(app: App) -> Self {
        Self {
            app,
            assets: Arc::new(Assets::new()),
        }
    }

    /// The frame of a page outside a session. `path` is the page's own address.
    pub(crate) fn layout(
        &self,
        incoming: &Incoming,
        brand: &Brand,
        path: &str,
        heading: String,
    ) -> Layout {
        Layout {
            t: Texts::new(incoming.ctx.locale),
            assets: Arc::clone(&self.assets),
            brand: brand.name.clone(),
            heading,
            progress: None,
            alert: None,
            path: path.to_owned(),
            hidden: None,
            cancel: None,
            help: true,
            time_left: None,
            wide: false,
            account: None,
        }
    }
}
