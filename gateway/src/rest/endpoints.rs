//! Routes together with what is said of them: the only way to get one is to say what it does.

use axum::Router;
use axum::handler::Handler;
use axum::routing::on;

use super::operation::Operation;

/// Some endpoints of the HTTP door.
pub struct Endpoints<S> {
    router: Router<S>,
    said: Vec<Operation>,
}

impl<S: Clone + Send + Sync + 'static> Default for Endpoints<S> {
    fn default() -> Self {
        Self { router: Router::new(), said: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> Endpoints<S> {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more.
    #[must_use]
    pub fn on<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.router = self.router.route(&operation.path, on(operation.method.filter(), handler));
        self.said.push(operation);
        self
    }

    /// And those of another module.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.said.extend(other.said);
        self
    }

    /// What answers.
    pub fn router(self) -> Router<S> {
        self.router
    }

    /// What is said of them.
    pub fn said(self) -> Vec<Operation> {
        self.said
    }
}
