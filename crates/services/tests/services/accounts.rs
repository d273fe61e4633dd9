//! Signing in, invitations, users, tokens.

use ism_domain::Timestamp;
use ism_domain::access::Role;
use ism_services::accounts::WorkspaceChange;
use ism_testkit::world::PASSWORD;
use ism_testkit::{World, on_each_database};

#[test]
fn there_is_one_first_owner() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        assert!(world.services.is_initialised().await.unwrap());
        let again = world.services.initialise("other@example.com", PASSWORD, "Other").await;
        assert_eq!(crate::code(again), "already_initialised");
        for (email, password, name) in [
            ("nobody", PASSWORD, "A"),
            ("a@example.com", "short", "A"),
            ("a@example.com", PASSWORD, " "),
        ] {
            assert_eq!(
                crate::code(world.services.initialise(email, password, name).await),
                "invalid_field"
            );
        }
    });
}

#[test]
fn sessions_live_while_they_are_used() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let services = &world.services;
        let token = services
            .sign_in(" OWNER@example.com ", PASSWORD, "::1", "Firefox")
            .await
            .unwrap();
        let signed_in = services.session(&token).await.unwrap().unwrap();
        assert_eq!(signed_in.user, world.user());
        assert!(services.session(&format!("{token}x")).await.unwrap().is_none());
        let stored = "SELECT count(*) FROM session WHERE length(token_hash) = 64";
        assert_eq!(world.number(stored).await, 1, "only the hash is kept");
        for _ in 0..3 {
            world.clock.advance(29 * Timestamp::DAY);
            assert!(services.session(&token).await.unwrap().is_some());
        }
        world.clock.advance(31 * Timestamp::DAY);
        assert!(services.session(&token).await.unwrap().is_none());
    });
}

#[test]
fn signing_out_and_a_new_password_end_sessions() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let services = &world.services;
        let sign_in = || services.sign_in("owner@example.com", PASSWORD, "::1", "");
        let (here, there) = (sign_in().await.unwrap(), sign_in().await.unwrap());
        let me = services.session(&here).await.unwrap().unwrap();
        let wrong = Some(("wrong".to_owned(), "another long one".to_owned()));
        assert_eq!(
            crate::code(services.change_me(&me, None, None, wrong).await),
            "invalid_field"
        );
        let weak = Some((PASSWORD.to_owned(), "password123".to_owned()));
        assert_eq!(
            crate::code(services.change_me(&me, None, None, weak).await),
            "invalid_field"
        );
        let fine = Some((PASSWORD.to_owned(), "another long one".to_owned()));
        let view = services
            .change_me(&me, Some("Olga".to_owned()), None, fine)
            .await
            .unwrap();
        assert_eq!(view.user.first_name, "Olga");
        assert!(services.session(&here).await.unwrap().is_some());
        assert!(services.session(&there).await.unwrap().is_none());
        assert_eq!(crate::code(sign_in().await), "wrong_credentials");
        services.sign_out(&me).await.unwrap();
        assert!(services.session(&here).await.unwrap().is_none());
    });
}

#[test]
fn guessing_is_slowed_down() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let mut codes = Vec::new();
        for n in 0..12 {
            let address = format!("10.0.0.{n}");
            codes.push(crate::code(
                world.services.sign_in("owner@example.com", "guess", &address, "").await,
            ));
        }
        assert_eq!(codes[0], "wrong_credentials");
        assert_eq!(codes[11], "too_many_attempts", "{codes:?}");
        // Others are not kept out by it.
        assert_eq!(
            crate::code(world.services.sign_in("nobody@example.com", "x", "10.0.1.1", "").await),
            "wrong_credentials"
        );
    });
}

#[test]
fn an_invitation_works_once_for_the_person_it_is_for() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let services = &world.services;
        let token = |url: Option<String>| url.unwrap().rsplit('/').next().unwrap().to_owned();
        let accept = |token: String, password: &'static str| async move {
            services
                .accept_invitation(&token, ("Kai".to_owned(), String::new()), password, "::1", "")
                .await
        };
        let first = token(
            services
                .invite(world.owner, "Kai@example.com", Role::Agent)
                .await
                .unwrap()
                .url,
        );
        let second = token(
            services
                .invite(world.owner, "kai@example.com", Role::Manager)
                .await
                .unwrap()
                .url,
        );
        assert_eq!(
            crate::code(services.invitation_info(&first).await),
            "invitation_gone",
            "replaced by the second"
        );
        let info = services.invitation_info(&second).await.unwrap();
        assert_eq!(
            (info.email.as_str(), info.role, info.account_exists),
            ("kai@example.com", Role::Manager, false)
        );
        for _ in 0..7 {
            assert_eq!(crate::code(accept(second.clone(), "short").await), "invalid_field");
        }
        let session = accept(second.clone(), PASSWORD).await.unwrap();
        let kai = services.session(&session).await.unwrap().unwrap().user;
        assert_eq!(
            services.member(kai, world.workspace()).await.unwrap().role,
            Role::Manager
        );
        assert_eq!(crate::code(accept(second, PASSWORD).await), "invitation_gone");
        assert_eq!(
            crate::code(services.invite(world.owner, "kai@example.com", Role::Agent).await),
            "already_member"
        );
        // Someone who has an account joins with its password, and keeps it.
        let other = world.second_workspace().await;
        let third = token(
            services
                .invite(other, "kai@example.com", Role::Agent)
                .await
                .unwrap()
                .url,
        );
        assert!(services.invitation_info(&third).await.unwrap().account_exists);
        assert_eq!(
            crate::code(accept(third.clone(), "another long one").await),
            "invalid_field"
        );
        accept(third, PASSWORD).await.unwrap();
        assert_eq!(services.session_view(kai).await.unwrap().workspaces.len(), 2);
        // Taken back, and too old.
        let gone = services
            .invite(world.owner, "a@example.com", Role::Agent)
            .await
            .unwrap();
        services.revoke_invitation(world.owner, gone.id).await.unwrap();
        assert_eq!(
            crate::code(services.invitation_info(&token(gone.url)).await),
            "invitation_gone"
        );
        let old = token(
            services
                .invite(world.owner, "b@example.com", Role::Agent)
                .await
                .unwrap()
                .url,
        );
        world.clock.advance(3 * Timestamp::DAY - 1);
        services.invitation_info(&old).await.unwrap();
        world.clock.advance(2);
        assert_eq!(crate::code(services.invitation_info(&old).await), "invitation_gone");
        assert!(services.invitations(world.owner).await.unwrap().is_empty());
        world.verify().await;
    });
}

#[test]
fn a_workspace_never_loses_its_last_owner() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let services = &world.services;
        assert_eq!(
            crate::code(services.remove_user(world.owner, world.user()).await),
            "own_access"
        );
        assert_eq!(
            crate::code(services.change_role(world.owner, world.user(), Role::Agent).await),
            "own_access"
        );
        let second = world.colleague("Sue", Role::Owner).await;
        // Each takes the other's access at the same moment, before either request has seen the other's effect.
        let (one, two) = futures::join!(
            services.remove_user(world.owner, second.user),
            services.change_role(second, world.user(), Role::Agent),
        );
        assert!(one.is_err() || two.is_err(), "one of them must stay");
        let owners = "SELECT count(*) FROM workspace_member WHERE role = 'owner' AND removed_at IS NULL";
        assert_eq!(world.number(owners).await, 1);
    });
}

#[test]
fn a_colleague_who_left_can_come_back() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let services = &world.services;
        let kai = world.colleague("Kai", Role::Agent).await;
        services.remove_user(world.owner, kai.user).await.unwrap();
        let listed = services.users(world.owner).await.unwrap();
        assert!(
            listed.iter().any(|user| user.id == kai.user && user.removed),
            "history names them"
        );
        assert_eq!(
            crate::code(services.member(kai.user, world.workspace()).await),
            "not_found"
        );
        let back = world.colleague("Kai", Role::Manager).await;
        assert_eq!((back.user, back.role), (kai.user, Role::Manager));
    });
}

#[test]
fn tokens_open_their_workspace_only() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let services = &world.services;
        let token = services
            .create_api_token(world.workspace(), "ci", Some(world.user()))
            .await
            .unwrap();
        assert_eq!(token.split('.').count(), 3);
        assert_eq!(services.api_token(&token).await.unwrap().unwrap().0, world.workspace());
        assert!(services.api_token(&token[..token.len() - 1]).await.unwrap().is_none());
        for _ in 1..10 {
            services
                .create_api_token(world.workspace(), "more", None)
                .await
                .unwrap();
        }
        assert_eq!(
            crate::code(services.create_api_token(world.workspace(), "eleventh", None).await),
            "too_many"
        );
        let nowhere = services.create_api_token(ism_domain::WorkspaceId(1), "x", None).await;
        assert_eq!(crate::code(nowhere), "not_found");
    });
}

#[test]
fn workspace_settings_are_checked() {
    on_each_database(|db| async move {
        let world = World::asleep(&db).await;
        let change = |timezone: &str| WorkspaceChange {
            timezone: Some(timezone.to_owned()),
            ..WorkspaceChange::default()
        };
        for wrong in ["Mars/Olympus", "\0", ""] {
            let refused = world.services.change_workspace(world.owner, change(wrong)).await;
            assert_eq!(crate::code(refused), "invalid_field", "{wrong:?}");
        }
        let view = world
            .services
            .change_workspace(world.owner, change("Asia/Kuala_Lumpur"))
            .await
            .unwrap();
        assert_eq!(view.timezone, "Asia/Kuala_Lumpur");
    });
}
