//! Heartbeat (12): a member's life sign.
//!
//! - v1: throttle time
//! - v3: static members (KIP-345)
//! - v4: flexible

use thalweg_wire::{HeartbeatRequest, HeartbeatResponse};

use crate::errors::Code;
use crate::request::{Handled, Request};

pub(super) async fn handle(mut request: Request) -> Handled {
    let asked: HeartbeatRequest = request.decode()?;
    let instance = asked.group_instance_id.as_deref();
    let groups = request.session.groups();
    let heard = groups.heartbeat(&asked.group_id, &asked.member_id, instance, asked.generation_id).await;
    let error = heard.value.err().map(Code::from);
    let answer = HeartbeatResponse { error_code: error.unwrap_or(Code::None).number(), ..Default::default() };
    request.answer(heard.after, &answer, error)
}
