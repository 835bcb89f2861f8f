import { tellSeeds } from './random-seeds.js'

tellSeeds(2, 4)
