//! The curves as a picture: senders on the left, living actors on the right.

use std::path::Path;

use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, SeriesLabelPosition};
use plotters::coord::Shift;
use plotters::coord::combinators::IntoLogRange;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement};
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, RGBColor, WHITE};

use crate::Failure;
use crate::live;
use crate::senders;

const SIZE: (u32, u32) = (960, 400);

const BLUE: RGBColor = RGBColor(31, 119, 180);
const ORANGE: RGBColor = RGBColor(255, 127, 14);
const GRAY: RGBColor = RGBColor(127, 127, 127);

/// A line: what it is, its colour, its points.
struct Curve {
    name: &'static str,
    color: RGBColor,
    points: Vec<(f64, f64)>,
}

/// Draws what was measured; a curve without points has no place in the picture.
pub(crate) fn draw(file: &Path, senders: &[senders::Point], live: &[live::Point]) -> Result<(), Failure> {
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let (left, right) = match (senders.is_empty(), live.is_empty()) {
        (true, true) => return Err("there is no curve to draw".into()),
        (false, true) => (Some(area.clone()), None),
        (true, false) => (None, Some(area.clone())),
        (false, false) => {
            let (left, right) = area.split_horizontally(SIZE.0 / 2);
            (Some(left), Some(right))
        }
    };
    if let Some(left) = left {
        let of = |value: fn(&senders::Point) -> f64| senders.iter().map(|it| (it.threads as f64, value(it))).collect();
        let curves = [
            Curve { name: "CPU, room for all", color: BLUE, points: of(|point| point.costs[0].cpu_nanos) },
            Curve { name: "CPU, room for 65,536", color: ORANGE, points: of(|point| point.costs[1].cpu_nanos) },
            Curve { name: "wall, room for all", color: GRAY, points: of(|point| point.costs[0].wall_nanos) },
        ];
        panel(&left, "Threads that tell one actor", "threads", &curves)?;
    }
    if let Some(right) = right {
        let of = |value: fn(&live::Point) -> f64| live.iter().map(|it| (it.actors as f64, value(it))).collect();
        let curves = [
            Curve { name: "told in turn", color: BLUE, points: of(|point| point.in_turn) },
            Curve { name: "told by chance", color: ORANGE, points: of(|point| point.by_chance) },
            Curve { name: "plain loop, by chance", color: GRAY, points: of(|point| point.floor_by_chance) },
        ];
        panel(&right, "Messages to idle actors", "living actors", &curves)?;
    }
    area.present()?;
    Ok(())
}

fn panel(area: &DrawingArea<SVGBackend<'_>, Shift>, title: &str, over: &str, curves: &[Curve]) -> Result<(), Failure> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let least = points().map(|point| point.0).fold(f64::INFINITY, f64::min);
    let most = points().map(|point| point.0).fold(0.0, f64::max);
    let highest = points().map(|point| point.1).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d((least..most * 1.05).log_scale(), 0.0..highest * 1.15)?;
    chart.configure_mesh().x_desc(over).y_desc("ns per message").disable_x_mesh().draw()?;
    for &Curve { name, color, ref points } in curves {
        let line = LineSeries::new(points.iter().copied(), color.stroke_width(2));
        chart.draw_series(line)?.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, color.filled())))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.2))
        .draw()?;
    Ok(())
}
