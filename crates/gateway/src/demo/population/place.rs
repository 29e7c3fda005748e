//! Where people live, and numbers to call that belong to nobody.

use super::dice::Dice;
use super::source::Source;
use super::tables::Town;

/// Where somebody lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The district.
    pub district: String,
    /// The town in it.
    pub town: String,
    /// Its postal code.
    pub postal_code: String,
    /// The whole address in one line.
    pub address: String,
}

/// Numbers below it are the facilities' own and the samples'.
const KEPT: u64 = 2_000;
/// Steps through a range of numbers without meeting one twice: a prime that divides no such range.
const STEP: u64 = 7_919;

impl Source {
    /// A place anywhere, or in a certain town.
    pub fn place(&self, dice: &mut Dice, town: Option<&str>) -> Place {
        let named = self
            .towns
            .iter()
            .find(|one| town == Some(one.town.as_str()));
        let town = named.or_else(|| dice.weighted(&self.towns, |one| one.weight));
        town.map_or_else(Place::nowhere, |town| self.place_in(dice, town))
    }

    fn place_in(&self, dice: &mut Dice, town: &Town) -> Place {
        let settings = &self.settings;
        let number = if town.chome_max > 0 {
            let (chome, block) = (dice.between(1, town.chome_max), dice.between(1, 28));
            let form = settings
                .address
                .chome
                .replace("{chome}", &chome.to_string());
            form.replace("{block}", &block.to_string())
                .replace("{house}", &dice.between(1, 24).to_string())
        } else {
            let number = dice.between(11, 780).to_string();
            settings.address.plain.replace("{number}", &number)
        };
        let flat = dice.per_mille(settings.per_mille.apartment);
        let room = dice.between(1, 4) * 100 + dice.between(1, 9);
        let house = dice.pick(&settings.buildings).filter(|_| flat);
        let room = house.map_or_else(String::new, |house| {
            let form = settings.address.room.replace("{building}", house);
            form.replace("{room}", &room.to_string())
        });
        Place {
            district: town.district.clone(),
            town: town.town.clone(),
            postal_code: town.postal_code.clone(),
            address: format!("{}{}{number}{room}", settings.municipality, town.town),
        }
    }

    /// The `position`-th number of a range: a district's, `mobile` or `contact`. Two positions have two
    /// numbers, as long as the range lasts.
    #[must_use]
    pub fn phone(&self, range: &str, position: u64, seed: u64) -> Option<String> {
        let form = self.settings.phones.get(range)?;
        let digits = u32::try_from(form.matches('#').count()).unwrap_or(0);
        let size = 10_u64.checked_pow(digits)?.checked_sub(KEPT)?;
        let far = position.wrapping_add(seed.wrapping_mul(104_729)) % size;
        let mut number = KEPT + far * STEP % size;
        let mut text: Vec<char> = form.chars().rev().collect();
        for place in text.iter_mut().filter(|place| **place == '#') {
            let digit = u32::try_from(number % 10).unwrap_or(0);
            *place = char::from_digit(digit, 10).unwrap_or('0');
            number /= 10;
        }
        Some(text.into_iter().rev().collect())
    }
}

impl Place {
    fn nowhere() -> Self {
        Self {
            district: String::new(),
            town: String::new(),
            postal_code: String::new(),
            address: String::new(),
        }
    }
}
