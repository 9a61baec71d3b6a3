"""Ordinary life with stablecoins: what no score should disturb."""

from oracle.scoring.config import DAY, HOUR
from oracle.scoring.simulator.world import Person, World


class Economy:
    """Neighbourhoods around a few exchanges, added until there are enough payments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.exchange = world.address()
        self.market_maker = world.address()
        self.streaming = world.address()

    def add_neighbourhood(self) -> None:
        """An employer, its people, their shops and landlord, and everything that they pay in the whole time."""
        world, dice = self.world, self.world.dice
        zone = dice.randint(-8, 9)
        employer, landlord, supplier = world.address(), world.address(), world.address()
        shops = [world.address() for _ in range(dice.randint(3, 6))]
        world.shops += shops
        people = [self._person(zone) for _ in range(world.parameters.household)]
        for person in people:
            person.shops = dice.sample(shops, k=min(3, len(shops)))
            if len(world.shops) > len(shops):
                person.shops.append(dice.choice(world.shops))
            person.friends = [other.address for other in dice.sample(people, k=3) if other is not person]
            self._arrival(person)
            self._daily_life(person)
            self._monthly(person, landlord)
        world.people += people
        self._payroll(employer, people, zone)
        for shop in shops:
            self._shop(shop, supplier, people, zone)
        if dice.random() < 0.3:
            self._rewards(employer, people)

    def add_market_making(self, payments: int) -> None:
        """Trades between a market maker and the exchange, both ways, day and night."""
        world, dice = self.world, self.world.dice
        size = dice.uniform(2_000.0, 12_000.0)
        for _ in range(payments):
            time = world.parameters.start + int(dice.random() * (world.end - world.parameters.start))
            sides = (self.exchange, self.market_maker)
            sender, recipient = sides if dice.random() < 0.5 else sides[::-1]
            world.pay(time, sender, recipient, world.tokens(size * dice.lognormvariate(0.0, 0.6)), "market-making")

    def _person(self, zone: int) -> Person:
        world, dice = self.world, self.world.dice
        p = world.parameters
        # a third of the people turn up along the way: first payments of fresh wallets are ordinary life
        born = 0 if dice.random() < 0.67 else dice.randint(1, max(1, p.days * 2 // 3))
        return Person(
            address=world.address(),
            zone=zone + dice.randint(-1, 1),
            median=dice.uniform(*p.spend_median),
            sigma=dice.uniform(*p.spend_sigma),
            rate=dice.uniform(*p.payments_a_day),
            salary=world.tokens(round(dice.uniform(*p.salary), -1)),
            born=born,
            deposit=world.address(),
        )

    def _arrival(self, person: Person) -> None:
        world, dice = self.world, self.world.dice
        time = world.moment(person.born, person.zone)
        start_money = world.tokens(person.salary / 1e6 * dice.uniform(0.6, 1.5))
        world.pay(time, self.exchange, person.address, start_money, "exchange", "withdrawal")
        for day in range(person.born + 1, world.parameters.days):
            if dice.random() < 0.02:
                when = world.moment(day, person.zone)
                world.pay(when, self.exchange, person.address, world.spend(300.0, 0.9), "exchange", "withdrawal")
            if dice.random() < 0.012:
                when, amount = world.moment(day, person.zone), world.spend(500.0, 0.9)
                world.pay(when, person.address, person.deposit, amount, "exchange", "deposit")
                world.pay(
                    when + dice.randint(300, 2 * HOUR), person.deposit, self.exchange, amount, "exchange", "sweep"
                )

    def _daily_life(self, person: Person) -> None:
        world, dice = self.world, self.world.dice
        for day in range(person.born, world.parameters.days):
            weekend = (day % 7) >= 5
            expected = person.rate * (1.4 if weekend else 0.85)
            while dice.random() < expected / (1.0 + expected):
                time = world.moment(day, person.zone)
                draw = dice.random()
                if draw < 0.78:
                    amount = world.spend(person.median, person.sigma)
                    shop = dice.choice(person.shops)
                    world.pay(time, person.address, shop, amount, "shopping")
                    if dice.random() < 0.02:
                        world.pay(
                            time + dice.randint(HOUR, 3 * DAY), shop, person.address, amount, "shopping", "refund"
                        )
                elif draw < 0.93 and person.friends:
                    friend, amount = dice.choice(person.friends), world.spend(person.median, 0.6)
                    world.pay(time, person.address, friend, amount, "friends")
                    if dice.random() < 0.15:
                        world.pay(
                            time + dice.randint(HOUR, 9 * DAY), friend, person.address, amount, "friends", "returned"
                        )
                elif draw < 0.97:
                    world.pay(time, person.address, world.address(), world.spend(person.median, 1.0), "one-off")
                else:
                    target, amount = world.address(), world.spend(person.median * 12, 0.7)
                    if dice.random() < 0.5:
                        world.pay(time, person.address, target, world.tokens(1.0), "large-purchase", "test payment")
                    world.pay(time + dice.randint(120, 1_800), person.address, target, amount, "large-purchase")

    def _monthly(self, person: Person, landlord: str) -> None:
        world, dice = self.world, self.world.dice
        rent = world.tokens(round(person.salary / 1e6 * dice.uniform(0.2, 0.35), -1))
        fee = world.tokens(dice.choice((4.99, 9.99, 14.99, 19.90)))
        rent_day, fee_day = dice.randint(1, 5), dice.randint(0, 27)
        for month in range(0, world.parameters.days, 30):
            if month + rent_day > person.born:
                world.pay(world.moment(month + rent_day, person.zone), person.address, landlord, rent, "rent")
            if month + fee_day > person.born:
                second = world.parameters.start + (month + fee_day) * DAY + 3 * HOUR + dice.randint(0, 600)
                world.pay(second, person.address, self.streaming, fee, "subscription")

    def _payroll(self, employer: str, people: list[Person], zone: int) -> None:
        world, dice = self.world, self.world.dice
        pay_day = dice.randint(0, 27)
        for month in range(0, world.parameters.days, 30):
            second = world.parameters.start + (month + pay_day) * DAY + (10 - zone) % 24 * HOUR
            wages = sum(person.salary for person in people) / 1e6
            world.pay(
                second - dice.randint(HOUR, DAY),
                self.exchange,
                employer,
                world.tokens(wages * 1.2),
                "exchange",
                "withdrawal",
            )
            for person in people:
                if person.born <= month + pay_day:
                    second += dice.randint(5, 60)
                    bonus = person.salary // 10 if dice.random() < 0.05 else 0
                    world.pay(second, employer, person.address, person.salary + bonus, "salary")

    def _shop(self, shop: str, supplier: str, people: list[Person], zone: int) -> None:
        world, dice = self.world, self.world.dice
        every, customers = dice.choice((1, 3, 7)), sum(shop in person.shops for person in people)
        taking = 20.0 * max(1, customers) * every
        for day in range(every, world.parameters.days, every):
            second = world.parameters.start + day * DAY + (21 - zone) % 24 * HOUR + dice.randint(0, 1_800)
            world.pay(second, shop, self.exchange, world.spend(taking, 0.4), "shop", "takings")
            if dice.random() < 0.3:
                world.pay(
                    second + dice.randint(600, 9_000), shop, supplier, world.spend(taking * 2, 0.8), "shop", "invoice"
                )

    def _rewards(self, project: str, people: list[Person]) -> None:
        """An airdrop: equal sums to many wallets within minutes."""
        world, dice = self.world, self.world.dice
        second = world.moment(dice.randint(1, world.parameters.days - 1), 0)
        amount = world.tokens(dice.choice((5.0, 20.0, 25.0)))
        for person in people:
            second += dice.randint(2, 40)
            world.pay(second, project, person.address, amount, "rewards")
