//! A word against those who wait for it, and who send meanwhile.

use super::cast::{Answer, Cast, FAIL, FAILED, RUN};
use crate::common::inline::Say;
use corecast::loom_api::task::{self, Renewal};
use loom_tests::{Bounds, model};

#[test]
fn a_word_on_another_thread_against_the_wait_for_it() {
    model("word, wait", Bounds::default(), &["it began anew"], |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Elsewhere);
        assert!(cast.tell(FAIL));
        cast.script.join();
        assert!(cast.is_up() && cast.tell(1), "the word was lost");
        let (seen, story) = cast.finish(&[FAIL, 1]);
        assert_eq!((&seen.handled[..], story.ups), (&[FAIL, RUN + 1][..], 2));
        assert_eq!(story.downs, [FAILED]);
        outcomes.saw("it began anew");
    });
}

/// The second one answers nothing: it isn't kept for the next end.
#[test]
fn two_words_for_one_end() {
    model("two words", Bounds::default(), &["it waits for another one"], |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Never);
        assert!(cast.tell(FAIL));
        cast.script.note(|story| story.waits = false);
        let saying = cast.meanwhile(task::say_renew);
        task::say_renew(&cast.ward);
        saying.join().unwrap();
        assert!(cast.is_up() && cast.tell(FAIL));
        // It is woken, and looks for a word.
        task::cut(&cast.ward);
        let (made, waits) = cast.script.note(|story| (story.made, story.waits));
        assert!(made == 2 && waits, "it was answered before it asked");
        let _ = cast.finish(&[FAIL, FAIL]);
        outcomes.saw("it waits for another one");
    });
}

#[test]
fn a_sender_against_a_failure_and_the_word_after_it() {
    let expected = ["both by the first run", "one by each", "both by the second run"];
    model("restart, send", Bounds::default(), &expected, move |outcomes| {
        let cast = Cast::new(Renewal::AfterFailure, Answer::Elsewhere);
        let sending = cast.meanwhile(|ward| (1..=2).for_each(|number| ward.try_tell(Say(number)).unwrap()));
        assert!(cast.tell(FAIL));
        sending.join().unwrap();
        cast.script.join();
        assert!(cast.is_up());
        let (seen, story) = cast.finish(&[FAIL, 1, 2]);
        assert_eq!((seen.handled.len(), story.downs.len()), (3, 1), "{seen:?}");
        let at = |wanted: u32| seen.handled.iter().position(|number| number % RUN == wanted).unwrap();
        assert!(at(1) < at(2), "in order: {seen:?}");
        outcomes.saw(expected[seen.handled.iter().filter(|number| **number > RUN).count()]);
    });
}
