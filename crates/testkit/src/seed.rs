//! Tenants and people for tests, put straight into the database.

use latchkey_app::admin;
use latchkey_core::model::{Role, Tenant, User};
use latchkey_core::reset::Gate;
use latchkey_core::settings::{Scope, Settings};
use latchkey_store::{accounts, tenants};
use latchkey_types::{TenantId, Upn, UserId};

use crate::TestApp;

/// A tenant with a verified custom domain, older than its trial, with these settings.
pub struct Organisation {
    /// As it is in the database.
    pub tenant: Tenant,
}

/// Settings with which everybody may reset with any gate that there is; `required` of them.
pub fn open_settings(required: u8) -> Settings {
    let mut settings = Settings::default();
    settings.reset.scope = Scope::All;
    settings.reset.gates_required = required;
    settings.reset.methods = [
        Gate::Email,
        Gate::Sms,
        Gate::MobileCall,
        Gate::OfficeCall,
        Gate::Questions,
        Gate::AuthenticatorCode,
    ]
    .into();
    settings
}

impl Organisation {
    /// Creates it. `domain` is its custom domain; its name is the domain's first label.
    pub async fn create(test: &TestApp, domain: &str, settings: Settings) -> Self {
        let ctx = admin::operator(&test.app);
        let name = domain.split('.').next().unwrap_or(domain);
        let form = admin::tenant::NewTenantForm {
            name,
            country: "NL",
            language: "en",
            initial_domain: None,
        };
        admin::tenant::create(&test.app, &ctx, &form)
            .await
            .expect("a tenant");
        admin::domain::add(&test.app, &ctx, name, domain)
            .await
            .expect("a domain");
        admin::domain::verify(&test.app, &ctx, domain)
            .await
            .expect("a verified domain");
        test.clock.advance(latchkey_core::model::TRIAL);
        let tenant = admin::find_tenant(&test.app, name)
            .await
            .expect("the tenant");
        let organisation = Self { tenant };
        organisation.set(test, settings).await
    }

    /// The same with other settings from now on.
    pub async fn set(mut self, test: &TestApp, settings: Settings) -> Self {
        let (id, version) = (self.tenant.id, self.tenant.settings_version);
        test.app
            .db()
            .write(async |mut tx| {
                let done = tenants::set_settings(&mut tx, id, version, &settings).await?;
                assert!(done, "somebody else changed the settings");
                Ok::<_, latchkey_store::StoreError>(())
            })
            .await
            .expect("settings");
        self.tenant.settings = settings;
        self.tenant.settings_version += 1;
        self
    }

    /// Its id.
    pub const fn id(&self) -> TenantId {
        self.tenant.id
    }

    /// Adds a person; `change` says what is special about them. Without that they have a mailbox
    /// `NAME@home.example` and a mobile phone `+31612345678`.
    pub async fn person(&self, test: &TestApp, upn: &str, change: impl FnOnce(&mut User)) -> User {
        let upn = Upn::parse(upn).expect("a user principal name");
        let name = upn.local().to_owned();
        let now = latchkey_types::Clock::now(&*test.clock);
        let id = UserId::new(test.app.clock(), test.app.entropy());
        let mut user = User {
            other_mails: vec![format!("{name}@home.example")],
            mobile_phone: Some("+31612345678".into()),
            ..User::new(id, self.tenant.id, upn, now)
        };
        change(&mut user);
        test.app
            .db()
            .write(async |mut tx| accounts::insert(&mut tx, &user, None).await)
            .await
            .expect("a user");
        user
    }

    /// Adds an administrator with a mailbox at the organisation.
    pub async fn administrator(&self, test: &TestApp, upn: &str, role: Role) -> User {
        self.person(test, upn, |user| {
            user.roles = vec![role];
            user.mail = Some(user.upn.as_str().to_owned());
        })
        .await
    }
}

/// Sets the password of somebody, whatever the policy says of it.
pub async fn set_password(test: &TestApp, user: &User, password: &str) {
    let ctx = admin::operator(&test.app);
    let password = latchkey_types::Secret::new(password.to_owned());
    admin::user::set_password(&test.app, &ctx, user.upn.as_str(), &password, false, true)
        .await
        .expect("a password");
}
